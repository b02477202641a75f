"""Who may do what in which state, in every cell; and what no road can lead to."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids import handling, refusals
from grids.models import ClockKind, Issue, IssueStep, State
from orgs import access, posts
from orgs.positions import Position
from rules.refusals import Refused
from rules.workflow import NotAllowed, WrongState, matrix
from tests import cast
from tests.grids import loop

pytestmark = pytest.mark.django_db

NEAR = {"li", "sun", "zhou", "chen"}  # grid worker, social worker, secretary, subdistrict
LEAD = {"wu", "colleague"}
BOSSES = NEAR | {"han"}  # who may also say that somebody must stand aside
ROLES = [
    *("li", "sun", "zhou", "chen", "han", "wu", "colleague", "zheng", "feng"),
    *("chu", "auditor", "shang", "zhao", "wang", "qian", "newcomer", "system"),
]
S = State
# verb → state → who may. A verb that is missing for a state is in nobody's hands there. The issue
# is the community's (L2); reopened or escalated it is the subdistrict's (L3).
MAY = {
    "recuse": {
        S.SUBMITTED: BOSSES,
        S.OBJECTED: BOSSES,
        S.FILED: BOSSES,
        S.DISPATCHED: BOSSES | LEAD,
        S.RETURNED: BOSSES | LEAD,
        S.PAUSED: BOSSES | LEAD,
        S.ESCALATED: BOSSES | LEAD,
        S.IN_PROGRESS: BOSSES | LEAD,
        S.HANDLED: BOSSES | LEAD,
        S.REOPENED: BOSSES | LEAD,
    },
    "submit": {S.DRAFT: {"wang"}},
    "acknowledge": {S.SUBMITTED: NEAR},
    "file": {S.SUBMITTED: NEAR},
    "merge": {S.SUBMITTED: NEAR, S.FILED: NEAR},
    "not_accept": {S.SUBMITTED: NEAR},
    # Orders of outside platforms only (tests/grids/hotline).
    "withdraw": {S.SUBMITTED: set(), S.FILED: set()},
    "supplement": {
        state: set()
        for state in (
            *(S.SUBMITTED, S.FILED, S.DISPATCHED, S.RETURNED, S.IN_PROGRESS, S.PAUSED),
            *(S.ESCALATED, S.HANDLED, S.REOPENED),
        )
    },
    "object": {S.NOT_ACCEPTED: {"wang"}},
    "overrule": {S.OBJECTED: {"chen"}},
    "uphold": {S.OBJECTED: {"chen"}},
    "dispatch": {S.FILED: NEAR, S.REOPENED: {"chen"}, S.ESCALATED: {"chen"}},
    "redirect": {S.DISPATCHED: NEAR},
    "send_back": {S.DISPATCHED: LEAD},
    "arbitrate": {S.RETURNED: {"chen"}},
    "sign": {S.DISPATCHED: LEAD},
    "assign": {S.DISPATCHED: NEAR | {"wu"}, S.IN_PROGRESS: NEAR | {"wu"}},
    "arrive": {S.DISPATCHED: LEAD, S.IN_PROGRESS: LEAD},
    "contact": {S.IN_PROGRESS: {"wu"}},
    "report": {S.IN_PROGRESS: {"wu"}},
    "take_over": {S.IN_PROGRESS: {"colleague"}},
    "ask_delay": {S.IN_PROGRESS: {"wu"}},
    "grant_delay": {S.IN_PROGRESS: set()},  # nothing was asked for
    "deny_delay": {S.IN_PROGRESS: set()},
    "resume": {S.PAUSED: {"wu", "chen", "han", "system"}},
    "escalate": {
        S.IN_PROGRESS: {"wu"},
        S.FILED: NEAR,
        S.DISPATCHED: NEAR,
        S.RETURNED: NEAR,
        S.REOPENED: set(),  # the subdistrict's: from there it takes a whistle
        S.ESCALATED: set(),
    },
    "invite": {
        S.FILED: NEAR,
        S.DISPATCHED: NEAR,
        S.IN_PROGRESS: NEAR | {"wu"},
        S.ESCALATED: {"chen"},
        S.REOPENED: {"chen"},
    },
    "dismiss": {
        S.FILED: NEAR,
        S.DISPATCHED: NEAR,
        S.IN_PROGRESS: NEAR | {"wu"},
        S.PAUSED: NEAR | {"wu"},
        S.HANDLED: NEAR | {"wu"},
        S.ESCALATED: {"chen"},
        S.REOPENED: {"chen"},
    },
    "verify": {S.HANDLED: NEAR},
    "rework": {S.HANDLED: NEAR},
    "rate": {S.CLOSED: {"wang"}},
    "reopen": {S.CLOSED: {"wang"}, S.RATED: {"wang"}},
    "note": {
        S.SUBMITTED: NEAR,
        S.OBJECTED: NEAR,
        S.FILED: NEAR,
        S.DISPATCHED: NEAR | LEAD,
        S.RETURNED: NEAR | LEAD,
        S.IN_PROGRESS: NEAR | LEAD,
        S.PAUSED: NEAR | LEAD,
        S.ESCALATED: NEAR | LEAD,
        S.HANDLED: NEAR | LEAD,
        S.REOPENED: NEAR | LEAD,
    },
    # The system's, when a leader has approved or refused a whistle (tests/grids/test_whistles.py).
    "call": {
        state: {"system"}
        for state in (S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.REOPENED, S.ESCALATED)
    },
    "uncall": {S.ESCALATED: {"system"}},
    "archive": {S.CLOSED: {"system"}, S.RATED: {"system"}},
}


@pytest.fixture
def people(street):
    colleague = cast.person("许物业", "10000000030")
    posts.appoint(
        colleague,
        street.property_company,
        Position.PROPERTY_STAFF,
        starts_on=cast.LONG_AGO,
        reason="测试任命",
    )
    street.colleague, street.system = colleague, None
    return street


@pytest.mark.parametrize("state", State.values)
def test_every_cell_of_the_matrix(people, state):
    issue = loop.to_state(people, state)
    assert issue.state == state
    cells = [cell for cell in matrix(handling.flow, ROLES) if cell[1] == state]
    assert len(cells) == len(ROLES) * len(handling.flow.verbs)
    tried = set()
    for role, _state, verb, in_table in cells:
        expected = role in MAY[verb].get(state, set())
        assert in_table == (state in MAY[verb]), f"{verb} from {state}"
        if not in_table and verb in tried:
            continue  # not from this state, whoever asks: that is said before anybody is looked at
        tried.add(verb)
        assert _goes(issue, verb, getattr(people, role)) is expected, f"{role}: {verb} at {state}"


def _goes(issue, verb, by) -> bool:
    """Tried for real, then undone: refused for person or state, or not."""
    try:
        with transaction.atomic():
            handling.flow.advance(issue, verb, by=by)
            transaction.set_rollback(True)
    except (WrongState, NotAllowed):
        return False
    except Refused:  # something else is lacking: the person may
        return True
    return True


def test_a_grids_matter_comes_back_to_the_community(street):
    issue = loop.post(street, kind="噪声扰民", text="楼上半夜拖家具，连着三天")
    issue = loop.to_state(street, "reopened", issue=issue, lead=street.property_company)
    assert issue.level == "L2"
    able = [
        name
        for name in ("li", "sun", "zhou", "chen")
        if handling.flow.transition("dispatch", issue.state).refuses(issue, getattr(street, name))
        is None
    ]
    assert able == ["sun", "zhou", "chen"]  # no longer the grid worker alone


def test_one_reopening_only(street):
    issue = loop.to_state(street, "reopened")
    handling.advance(issue, "dispatch", by=street.chen, lead=street.property_company)
    handling.advance(issue, "sign", by=street.wu)
    handling.advance(issue, "report", by=street.wu, result="换了整条线路", no_photo_reason="墙内")
    handling.advance(issue, "verify", by=street.sun, how="phone")
    with pytest.raises(refusals.ReopenedBefore):
        handling.advance(issue, "reopen", by=street.wang, solved=False, stars=1, reason="还是不亮")
    handling.advance(issue, "rate", by=street.wang, solved=True, stars=4)
    assert (issue.state, issue.stars, issue.reopened_count) == ("rated", 4, 1)


def test_content_people_cannot_have_it_done_again(street):
    issue = loop.to_state(street, "rated")
    with pytest.raises(refusals.NotDissatisfied):
        handling.advance(issue, "reopen", by=street.wang, reason="想再修一次")


def test_rating_ends_after_seven_days(street, time_machine):
    issue = loop.to_state(street, "closed")
    time_machine.move_to(timezone.now() + timedelta(days=9))
    for verb in ("rate", "reopen"):
        with pytest.raises(refusals.RatingOver):
            handling.advance(issue, verb, by=street.wang, solved=False, stars=1, reason="没有解决")
    assert [row.verb for row in handling.available(issue, street.wang)] == []
    assert issue.stars is None  # silence is no rating


def test_the_reporter_stands_aside(street):
    mine = loop.post(street, reporter=street.li)
    loop.to_state(street, "dispatched", issue=mine, lead=street.committee)
    with pytest.raises(NotAllowed, match="回避"):
        handling.advance(mine, "sign", by=street.li)
    assert "回避" in handling.why_not(mine, street.li)[0]
    handling.advance(mine, "sign", by=street.sun)
    handling.advance(mine, "report", by=street.sun, result="已办好了", no_photo_reason="无")
    for person in (street.li, street.sun):
        with pytest.raises(NotAllowed):
            handling.advance(mine, "verify", by=person, how="on_site")
    handling.advance(mine, "verify", by=street.zhou, how="on_site")


def test_nobody_verifies_what_they_took_part_in(people):
    issue = loop.to_state(people, "dispatched", lead=people.committee)
    handling.advance(issue, "sign", by=people.li)
    handling.advance(issue, "take_over", by=people.sun, reason="李请假")
    handling.advance(issue, "report", by=people.sun, result="已办好了", no_photo_reason="无")
    with pytest.raises(NotAllowed, match="参与过"):
        handling.advance(issue, "verify", by=people.li, how="on_site")


def test_rights_end_with_the_appointment(street):
    issue = loop.to_state(street, "in_progress")
    posts.relieve(street.wu.appointments.get(), reason="离职")
    access.forget(street.wu)
    with pytest.raises(NotAllowed):
        handling.advance(issue, "report", by=street.wu, result="已换灯", no_photo_reason="无")


# --- the database has the last word --------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("handled", {"verifier": "wu"}),
        ("in_progress", {"handler": "wang"}),
        ("closed", {"verifier": "wang"}),
        ("filed", {"state": "closed"}),
        ("filed", {"state": "dispatched"}),
        ("dispatched", {"state": "in_progress"}),
        ("closed", {"state": "rated"}),
        ("closed", {"reopened_count": 2}),
        ("closed", {"stars": 6}),
        ("submitted", {"is_public": True, "public_title": "抢先公开"}),
    ],
)
def test_rows_that_cannot_be(street, state, changes):
    issue = loop.to_state(street, state)
    changes = {
        name: getattr(street, value) if name in {"handler", "verifier"} else value
        for name, value in changes.items()
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=issue.pk).update(**changes)


def test_on_time_is_written_once(street):
    issue = loop.to_state(street, "closed")
    assert issue.on_time is True
    with pytest.raises(Exception, match="on_time_is_final"), transaction.atomic():
        Issue.objects.filter(pk=issue.pk).update(on_time=False)


def test_steps_are_never_changed(street):
    issue = loop.to_state(street, "filed")
    with pytest.raises(Exception, match="append_only"), transaction.atomic():
        IssueStep.objects.filter(issue=issue).update(reason="改写")


# --- two at once ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sign_at_once(people, together):
    issue = loop.to_state(people, "dispatched")
    answers = together(
        lambda: handling.advance(Issue.objects.get(pk=issue.pk), "sign", by=people.wu),
        lambda: handling.advance(Issue.objects.get(pk=issue.pk), "sign", by=people.colleague),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["IssueStep", "WrongState"]
    issue.refresh_from_db()
    signed = next(answer for answer in answers if isinstance(answer, IssueStep))
    assert issue.handler_id == signed.actor_id
    assert issue.clocks.filter(kind=ClockKind.CONTACT).count() == 1


# --- any road ------------------------------------------------------------------------------------


VERBS = st.lists(
    st.tuples(
        st.sampled_from(handling.flow.verbs),
        st.sampled_from(["li", "sun", "wu", "wang", "zhao", "chen"]),
    ),
    max_size=14,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(verbs=VERBS)
def test_no_road_to_closed_but_through_handled_and_another_person(street, verbs):
    straight = [("file", "li"), ("dispatch", "li"), ("sign", "wu"), ("report", "wu")]
    with transaction.atomic():
        issue = loop.post(street)
        for verb, name in [*straight[: len(verbs) % 5], *verbs]:
            _try(issue, verb, street, name)
        steps = list(issue.steps.values_list("verb", "from_state", "to_state", "actor"))
        for verb, before, after, actor in steps:
            if after == State.CLOSED and before != after:
                assert (verb, before) == ("verify", State.HANDLED)
                reporters = [who for done, _b, _a, who in steps if done == "report"]
                assert reporters
                assert actor != reporters[-1]
        assert sum(verb == "reopen" for verb, *_rest in steps) <= 1
        transaction.set_rollback(True)


def _try(issue, verb, street, name):
    everything = {
        "category": issue.category,
        "level": "L2",
        "public_title": "感应灯不亮",
        "lead": street.property_company,
        "note": "记录",
        "result": "已换灯",
        "no_photo_reason": "无",
        "how": "on_site",
        "solved": False,
        "stars": 2,
        "reason": "说明",
    }
    try:
        with transaction.atomic():
            handling.advance(issue, verb, by=getattr(street, name), **everything)
    except Refused:
        issue.refresh_from_db()
