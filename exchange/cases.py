"""A case on its way from the finding to an answer, as a table.

    open → looked_into → explained
                       └→ proposed → confirmed

Nobody deals with a case that is about them or their home, or about an outlet they serve. That
something was wrong is said by two people. A case asks to look; it accuses nobody.
"""

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import terms
from exchange.models import Case, CaseKind
from exchange.models import CaseState as S
from exchange.models.settlement import month_text
from exchange.telling import tell
from orgs import access
from orgs.models import Area
from points import who as point_people
from rules import clocks
from rules.workflow import Transition, Workflow
from ui.dates import day_text

INVESTIGATE, SERVE = "exchange.investigate", "exchange.serve_outlet"
FALLBACK = {"unit": "working_days", "amount": 10}  # of a profile without "case"


@transaction.atomic
def open_for(area: Area, *, kind, key, since, facts, orders, at, **concerned) -> bool:
    """Open a case of a finding and tell who looks into it; False when there is one already."""
    _one_at_a_time(f"case:{key}")
    if Case.objects.filter(key=key).exists():
        return False
    orders = list(orders)
    term = terms.at(area, timezone.localdate(at)).params.get("case", FALLBACK)
    case = Case(
        area=area,
        kind=kind,
        key=key,
        since=since,
        facts=facts,
        found_at=at,
        due_at=clocks.reckon(term["unit"], term["amount"], at).due,
        **concerned,
    )
    flow.open(case, by=None, verb="find", at=at)
    case.orders.set(orders)
    people = access.holders(INVESTIGATE, area=area)
    tell(
        [person for person in people if investigates(case, person) is True],
        kind="exchange.case",
        title=_("请核实：%(what)s") % {"what": case.get_kind_display()},
        text=_("系统按规则数出来的，不等于有问题。请在%(due)s前核实。")
        % {"due": day_text(timezone.localdate(case.due_at), full=True)},
        url=case.get_absolute_url(),
        key=f"case:{case.pk}:found",
    )
    return True


def _one_at_a_time(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


# --- who -----------------------------------------------------------------------------------------


def is_about(case: Case, person) -> bool:
    """Of them, or of somebody they live with."""
    if person.pk in {case.person_id, case.server_id}:
        return True
    return point_people.lives_there(person, case.household_id, case.since)


def investigates(case: Case, person):
    if person is None:
        return False
    rights = access.rights_of(person)
    if not rights.may(INVESTIGATE, area_path=case.area_path):
        return False
    if is_about(case, person):
        return _("这件事与您或家里人有关，请由他人核实")
    bodies = rights.organization_ids(SERVE)
    behind = Q(offer__outlet__organization__in=bodies)
    had_part = Q(issued_by=person) | Q(placed_by=person) | Q(person=person)
    if case.outlet_id and case.outlet.organization_id in bodies:
        return _("您在这个兑换点经办，请由他人核实")
    if case.orders.filter(behind | had_part).exists():
        return _("您在这些兑换里经办过，请由他人核实")
    return True


def _second(case: Case, person):
    if person is not None and person.pk == case.proposed_by_id:
        return _("这是您提出的，须由另一人确认")
    return investigates(case, person)


def seen_by(person):
    """Cases at places somebody looks after, but for those about them or their home."""
    rows = access.scope(Case.objects.all(), person, INVESTIGATE)
    homes = [home for home, _starts, _ends in point_people.homes_of(person)]
    return rows.exclude(
        Q(person=person, person__isnull=False)
        | Q(server=person, server__isnull=False)
        | Q(household__in=homes, household__isnull=False)
    )


# --- the table -----------------------------------------------------------------------------------


def _propose(case, move):
    case.proposed_by = move.by


def _end(case, move):
    case.ended_at = move.at


def _tell_second(case, move):
    tell(
        [
            person
            for person in access.holders(INVESTIGATE, area=case.area)
            if _second(case, person) is True
        ],
        kind="exchange.case",
        title=_("请确认核实结果：%(what)s") % {"what": case.get_kind_display()},
        text=_("一人认为确有问题，须由另一人看过再定。"),
        url=case.get_absolute_url(),
        key=f"case:{case.pk}:{move.step.pk}",
    )


flow = Workflow(
    "case",
    step_model="exchange.CaseStep",
    transitions=[
        Transition(
            "look",
            (S.OPEN,),
            S.LOOKED_INTO,
            who=investigates,
            label=L("我来核实"),
            tone="main",
        ),
        Transition(
            "explain",
            (S.LOOKED_INTO,),
            S.EXPLAINED,
            who=investigates,
            needs=(("reason", L("核实的情况")),),
            label=L("已说明，无问题"),
            tone="main",
            effect=_end,
        ),
        Transition(
            "propose",
            (S.LOOKED_INTO,),
            S.PROPOSED,
            who=investigates,
            needs=(("reason", L("核实的情况")),),
            label=L("确有问题，请第二人确认"),
            effect=_propose,
            tells=_tell_second,
        ),
        Transition(
            "confirm",
            (S.PROPOSED,),
            S.CONFIRMED,
            who=_second,
            needs=(("reason", L("确认的依据")),),
            label=L("确认有问题"),
            tone="main",
            effect=_end,
        ),
        Transition(
            "doubt",
            (S.PROPOSED,),
            S.LOOKED_INTO,
            who=_second,
            needs=(("reason", L("还要核实什么")),),
            label=L("再核实"),
        ),
        Transition(
            "follow",
            (S.CONFIRMED,),
            None,
            who=investigates,
            needs=(("reason", L("做了什么")),),
            label=L("记下后续处理"),
        ),
    ],
)


# --- words ---------------------------------------------------------------------------------------


def words(case: Case) -> str:
    """What was counted, without a name."""
    text = {
        CaseKind.SPEED: _("%(day)s，同一户（人）下了 %(times)d 单，共 %(points)d 分。"),
        CaseKind.PAIR: _("%(month)s，同一经办人给同一人发放 %(times)d 次，共 %(points)d 分。"),
        CaseKind.STAFF: _(
            "%(month)s，兑换点的工作人员或其家人在本点兑换 %(times)d 次，共 %(points)d 分。"
        ),
        CaseKind.OUTLET: _(
            "%(month)s，这个兑换点发放了本社区 %(percent)d%% 的兑换（%(points)d／%(all)d 分）。"
        ),
        CaseKind.HELPER: _(
            "%(month)s，同一人代办了本社区 %(percent)d%% 的代办兑换（%(times)d／%(all)d 单）。"
        ),
    }[case.kind]
    return text % {
        **case.facts,
        "day": day_text(case.since, full=True),
        "month": month_text(case.since),
    }


def mark_words(case: Case) -> str:
    """From when on the rule asks to look."""
    if case.kind in {CaseKind.OUTLET, CaseKind.HELPER}:
        return _("规则：达到 %(mark)d%% 起提示核实。") % case.facts
    return _("规则：达到 %(mark)d 次起提示核实。") % case.facts


def waiting(person):
    """For the desk: under way, at places somebody looks after."""
    return access.scope(
        Case.objects.filter(state__in=[S.OPEN, S.LOOKED_INTO, S.PROPOSED]), person, INVESTIGATE
    )
