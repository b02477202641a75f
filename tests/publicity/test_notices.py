"""公示: the table, its window, its clocks, its words; and two people at once."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from orgs import posts
from orgs.models import Organization, Residence
from orgs.positions import Position
from publicity import notices, signals
from publicity.models import Notice, NoticeState, NoticeStep, Objection
from publicity.words import StillPrivate
from rules import profiles
from rules.models import RuleProfile
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, WrongState, matrix
from tests import cast
from tests.publicity import board

# --- role × state × verb -------------------------------------------------------------------------

ROLES = {
    "publisher": {"close", "withdraw"},  # although the post carries the right to answer
    "social_worker": {"close", "withdraw"},
    "colleague": {"close", "withdraw", "answer"},
    "subdistrict": {"close", "withdraw", "answer"},
    "supervisor": {"answer"},
    "grid_worker": set(),
    "resident": {"object"},
    "resident_elsewhere": set(),
    "secretary_elsewhere": set(),
    "auditor": set(),
    "system": {"expire"},
}


@pytest.fixture
def people(street):
    def post(name, phone, body, position):
        someone = cast.person(name, phone)
        posts.appoint(someone, body, position, starts_on=cast.LONG_AGO, reason="测试任命")
        return someone

    supervision = Organization.objects.create(
        kind="supervision_committee", name="梧桐里居务监督委员会", area=street.community
    )
    neighbour = cast.person("邻居", "10000000031")
    Residence.objects.create(
        person=neighbour,
        household=street.home,
        state="verified",
        starts_on=cast.LONG_AGO,
        verified_by=street.li,
    )
    return {
        "publisher": street.zhou,
        "social_worker": street.sun,
        "colleague": post("主任", "10000000034", street.committee, Position.COMMITTEE_DIRECTOR),
        "subdistrict": street.chen,
        "supervisor": post("监督员", "10000000032", supervision, Position.SUPERVISOR),
        "grid_worker": street.li,
        "resident": neighbour,
        "resident_elsewhere": street.qian,
        "secretary_elsewhere": post(
            "别处主任", "10000000033", street.committee_elsewhere, Position.COMMITTEE_DIRECTOR
        ),
        "auditor": street.auditor,
        "system": None,
    }


def test_who_may_do_what_from_which_state(street, people):
    found = {state: board.to_state(street, state, by=street.zhou) for state in NoticeState.values}
    for role, state, verb, in_table in matrix(notices.flow, ROLES):
        may = verb in {row.verb for row in notices.flow.available(found[state], people[role])}
        assert may is (in_table and verb in ROLES[role]), (role, state, verb)


def test_a_verb_from_another_state_or_by_another_person_changes_nothing(street, people):
    given = {
        "answer": {"answer": "好", "is_accepted": False, "public_text": "x"},
        "close": {"result": "upheld"},
        "withdraw": {"reason": "错"},
    }
    for state in NoticeState.values:
        found = board.to_state(street, state, by=street.zhou)
        for role, person in people.items():
            for verb in notices.flow.verbs:
                if notices.flow.transition(verb, state) and verb in ROLES[role]:
                    continue
                more = dict(given.get(verb, {}))
                if verb in {"object", "answer"}:
                    more["objection"] = found.objections.first() or Objection(
                        notice=found, objector=street.qian, text="x"
                    )
                steps = found.steps.count()
                with pytest.raises((WrongState, NotAllowed)):
                    notices.flow.advance(found, verb, by=person, **more)
                found.refresh_from_db()
                assert (found.state, found.steps.count()) == (state, steps)


# --- the window ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "ends_on"),
    [
        ("2026-09-18 16:00", date(2026, 9, 24)),  # Sun 20 is worked: 20, 21, 22, 23, 24
        ("2026-09-30 09:00", date(2026, 10, 13)),  # the National holiday, Sat 10 worked
        ("2026-11-02 09:00", date(2026, 11, 9)),
    ],
)
def test_five_working_days_by_the_calendar(street, published, ends_on):
    found = board.notice(street, at=board.at(published))
    assert (found.ends_on, found.term) == (ends_on, "5个工作日")


def test_a_decision_hangs_seven_days_and_a_place_may_have_its_own_rule(street):
    published = board.at("2026-11-02 09:00")
    decision = board.notice(street, kind="decision", at=published)
    assert decision.ends_on == date(2026, 11, 9)
    assert decision.rules["code"] == "NOTICE-PERIODS"

    country = RuleProfile.objects.get(code="NOTICE-PERIODS")
    params = {**country.params, "general": {"unit": "working_days", "amount": 10}}
    profiles.add(
        by=street.chu,
        reason="本地办法",
        code="NOTICE-PERIODS",
        title="本街道公示期",
        legal_basis="街道办法",
        place=street.street.code,
        effective_from=date(2026, 1, 1),
        params=params,
    )
    assert board.notice(street, at=published).ends_on == date(2026, 11, 16)
    decision.refresh_from_db()
    assert decision.rules["id"] == country.pk  # frozen


def test_longer_is_allowed_and_shorter_is_not(street):
    longer = board.notice(
        street, term={"unit": "working_days", "amount": 7}, at=board.at("2026-11-02 09:00")
    )
    assert longer.ends_on == date(2026, 11, 11)
    with pytest.raises(notices.TermTooShort, match="5个工作日"):
        board.notice(street, term={"unit": "working_days", "amount": 3})
    assert Notice.objects.count() == 1


def test_the_last_day_still_counts_and_the_day_after_does_not(street):
    found = board.notice(street, at=board.at("2026-11-02 09:00"))
    with pytest.raises(notices.WindowOver):
        notices.object(found, text="晚了", by=street.wang, at=board.at("2026-11-10 00:01"))
    with pytest.raises(notices.WindowOpen):
        notices.close(found, result="upheld", by=street.sun, at=board.at("2026-11-09 23:59"))
    notices.object(found, text="赶上了", by=street.wang, at=board.at("2026-11-09 23:59"))
    assert found.state == NoticeState.OBJECTED


# --- objections ----------------------------------------------------------------------------------


def test_an_objection_is_answered_by_another_and_the_notice_corrected(street):
    found = board.notice(street, at=board.at("2026-11-02 09:00"))
    mine = notices.object(
        found,
        text="我家电话13800001234，三号少记2分",
        by=street.wang,
        at=board.at("2026-11-03 09:00"),
    )
    assert mine.clock.due_at == board.at("2026-11-10 17:30")
    found.refresh_from_db()
    assert board.told(street.zhou) == [f"公示收到异议：{found.title}"]
    assert board.told(street.sun) == []  # the publisher is not asked

    with pytest.raises(NotAllowed):
        notices.answer(mine, answer="无误", is_accepted=False, by=street.sun)
    with pytest.raises(WrongState):
        notices.close(found, result="upheld", by=street.sun, at=board.at("2026-11-12 09:00"))
    notices.answer(
        mine, answer="已补记", is_accepted=True, by=street.zhou, at=board.at("2026-11-04 09:00")
    )
    assert mine.clock.on_time is True
    assert "138" not in mine.public_text
    assert board.told(street.wang) == [f"您的异议已有答复：{found.title}"]

    closing = {"by": street.sun, "at": board.at("2026-11-12 09:00")}
    with pytest.raises(notices.MustCorrect):
        notices.close(found, result="upheld", **closing)
    with pytest.raises(Missing, match="更正内容"):
        notices.close(found, result="corrected", **closing)
    notices.close(found, result="corrected", correction="三号补记2分", **closing)
    assert (found.state, found.result, found.due_at) == ("closed", "corrected", None)
    assert board.told(street.wang)[-1] == f"公示已更正：{found.title}"


def test_the_publisher_is_told_to_leave_the_answer_to_others(street):
    found = board.notice(street, by=street.zhou)
    mine = notices.object(found, text="不对", by=street.wang)
    with pytest.raises(NotAllowed, match="您是这份公示的发布人"):
        notices.answer(mine, answer="无误", is_accepted=False, by=street.zhou)
    assert board.told(street.chen) == [f"公示收到异议：{found.title}"]


def test_two_objections_both_have_to_be_answered(street, people):
    found = board.notice(street)
    first = notices.object(found, text="甲", by=street.wang)
    second = notices.object(found, text="乙", by=people["resident"])
    notices.answer(first, answer="是", is_accepted=False, by=street.zhou)
    found.refresh_from_db()
    assert found.state == NoticeState.OBJECTED
    with pytest.raises(notices.AnsweredBefore):
        notices.answer(first, answer="再答", is_accepted=True, by=street.chen)
    notices.answer(second, answer="是", is_accepted=False, by=people["supervisor"])
    found.refresh_from_db()
    assert found.state == NoticeState.ANSWERED
    notices_again = notices.object(found, text="甲", by=street.wang)
    assert notices_again == first  # the same words again: the first one


def test_one_objection_per_person_and_owners_for_what_is_the_owners(street):
    found = board.notice(street, kind="owners", area=street.grid)
    Residence.objects.create(
        person=street.newcomer,
        household=street.home,
        kind="tenant",
        state="verified",
        verified_by=street.li,
    )
    with pytest.raises(NotAllowed, match="业主"):
        notices.object(found, text="租户说", by=street.newcomer)
    notices.object(found, text="业主说", by=street.wang)
    with pytest.raises(NotAllowed, match="已对这份公示提出过异议"):
        notices.object(found, text="又说", by=street.wang)
    with pytest.raises(Missing):
        notices.object(found, text="  ", by=street.qian)


def test_an_answerer_cannot_answer_their_own_objection(street):
    Residence.objects.create(
        person=street.zhou, household=street.home, state="verified", verified_by=street.li
    )
    found = board.notice(street)
    mine = notices.object(found, text="书记也住这里", by=street.zhou)
    assert board.told(street.chen) == [f"公示收到异议：{found.title}"]  # the next rung is asked
    with pytest.raises(Refused, match="自己提出"):
        notices.answer(mine, answer="好", is_accepted=True, by=street.zhou)


def test_late_answers_are_told_up_once(street):
    found = board.to_state(street, "objected")
    assert notices.tell_late() == 1
    assert notices.tell_late() == 0
    title = f"异议超期未答复：{found.title}"
    assert [board.told(who).count(title) for who in (street.zhou, street.chen)] == [1, 1]


def test_withdrawn_objectors_are_told_and_the_subject_is_free_again(street):
    found = board.to_state(street, "objected", subject="batch:1")
    notices.withdraw(found, reason="名单有误，重新核算", by=street.sun)
    assert board.told(street.wang) == [f"公示已撤回：{found.title}"]
    assert found.objections.get().clock.on_time is False  # late already: stays late
    assert notices.tell_late() == 0
    again = board.notice(street, subject="batch:1")
    assert again.pk != found.pk


# --- publishing ----------------------------------------------------------------------------------


def test_the_same_subject_is_published_once(street):
    first = board.notice(street, subject="points-batch:31")
    assert board.notice(street, subject="points-batch:31") == first
    with pytest.raises(notices.SubjectTaken):
        board.notice(street, subject="points-batch:31", title="另一份")
    assert NoticeStep.objects.count() == 1


def test_names_are_masked_and_private_things_refused(street):
    table = {
        "columns": ["姓名", "志愿者人数", "收款人"],
        "rows": [["王小明", "3", "李*"], ["欧阳娜", 4, "青桐物业服务有限公司"]],
    }
    found = board.notice(street, table=table)
    assert found.table["rows"] == [
        ["王*", "3", "李*"],
        ["欧*", "4", "青桐物业服务有限公司"],
    ]
    for words in ({"body": "联系13812345678"}, {"title": "3栋2单元301室的事"}):
        with pytest.raises(StillPrivate):
            board.notice(street, **words)
    with pytest.raises(StillPrivate):
        board.notice(street, table={"columns": ["住处"], "rows": [["5-2-1203"]]})


def test_only_over_ones_own_place(street, people):
    for who in ("grid_worker", "resident", "secretary_elsewhere", "supervisor"):
        with pytest.raises(notices.NotEntitled):
            board.notice(street, by=people[who])


def test_published_words_cannot_be_changed_nor_deleted(street):
    found = board.notice(street)
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.filter(pk=found.pk).update(body="改过")
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.filter(pk=found.pk)._raw_delete("default")
    ended = board.to_state(street, "closed")
    for change in ({"state": "published", "result": ""}, {"result": "corrected"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Notice.objects.filter(pk=ended.pk).update(**change)
    stated = board.to_state(street, "objected").objections.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        Objection.objects.filter(pk=stated.pk)._raw_delete("default")


# --- ending by itself ----------------------------------------------------------------------------


def test_it_closes_by_itself_once_after_days_of_standing_still(street):
    heard = []

    def hear(sender, notice, move, **_more):
        heard.append((notice.pk, notice.result, move.by))

    signals.closed.connect(hear)
    try:
        due = board.notice(street, at=board.ago(30))
        running = board.notice(street)
        objected = board.to_state(street, "objected")
        by_hand = board.notice(street, kind="decision", at=board.ago(30))
        assert notices.close_due() == 1
        assert notices.close_due() == 0
    finally:
        signals.closed.disconnect(hear)
    assert heard == [(due.pk, "upheld", None)]
    states = dict(Notice.objects.values_list("pk", "state"))
    assert states == {
        due.pk: "closed",
        running.pk: "published",
        objected.pk: "objected",
        by_hand.pk: "published",
    }


def test_one_that_cannot_be_closed_holds_up_no_other(street):
    first = board.notice(street, at=board.ago(40))
    second = board.notice(street, at=board.ago(30))

    def break_down(sender, notice, **_more):
        if notice.pk == first.pk:
            raise RuntimeError("the app above fails")

    signals.closed.connect(break_down)
    try:
        assert notices.close_due() == 1
    finally:
        signals.closed.disconnect(break_down)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("published", "closed")
    assert notices.close_due() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_each_thing_once(street, together):
    """Closing, sweeping, objecting, answering and publishing, by two at the same moment."""
    found = board.notice(street, at=board.ago(30))

    def close(person):
        return lambda: notices.close(Notice.objects.get(pk=found.pk), result="upheld", by=person)

    answers = together(close(street.sun), close(street.zhou))
    assert sorted(type(answer).__name__ for answer in answers) == ["Notice", "WrongState"]
    assert found.steps.filter(verb="close").count() == 1

    due = board.notice(street, at=board.ago(30))
    assert sorted(together(notices.close_due, notices.close_due)) == [0, 1]
    assert due.steps.filter(verb="expire").count() == 1

    running = board.notice(street)
    stated = together(*[lambda: notices.object(running, text="不对", by=street.wang)] * 2)
    assert stated[0] == stated[1]
    assert running.steps.filter(verb="object").count() == 1

    def answer(person):
        return lambda: notices.answer(
            Objection.objects.get(pk=stated[0].pk), answer="无误", is_accepted=False, by=person
        )

    answers = together(answer(street.zhou), answer(street.chen))
    assert sorted(type(one).__name__ for one in answers) == ["Objection", "WrongState"]

    answers = together(*[lambda: board.notice(street, subject="points-batch:9")] * 2)
    assert answers[0] == answers[1]
