"""Standing aside: who has an interest in an issue neither works on it nor learns who reported it.

12345 rules (济南 32): the caller is never named to the body complained about, and officers with an
interest recuse themselves. The verb is ``recuse`` of the table; ``who.unless_recused`` refuses
everything else afterwards.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import dispatch, limits, roster, telling
from grids.models import Issue, Recusal, State
from grids.who import in_lead, over_place
from orgs import access
from orgs.models import Person
from rules.refusals import Refused
from rules.workflow import Missing, Transition

NAMES_OTHERS = "grids.name_recusal"


class NotOnIt(Refused):
    def __init__(self, person: Person):
        text = _("%(name)s没有参与这件事项，不需要回避")
        super().__init__(text % {"name": person.name})


class AsideAlready(Refused):
    def __init__(self, person: Person):
        super().__init__(_("%(name)s已经回避了这件事项") % {"name": person.name})


class MayNotName(Refused):
    def __init__(self):
        super().__init__(_("您只能声明自己回避；要求他人回避，由派单人或领导提出"))


def may_declare(issue: Issue, person) -> bool:
    """Whoever works on it for themselves; dispatchers and leaders for others too."""
    return (
        in_lead(issue, person)
        or over_place("grids.file_issue")(issue, person)
        or over_place("grids.verify_issue")(issue, person)
        or over_place(NAMES_OTHERS)(issue, person)
    )


def candidates(issue: Issue, by) -> list[Person]:
    """Whom ``by`` may have stand aside: oneself first, then those who work on it."""
    found: dict[int, Person] = {}
    if _works_on(issue, by):
        found[by.pk] = by
    if over_place(NAMES_OTHERS)(issue, by):
        for person in dispatch.working_on(issue):
            found.setdefault(person.pk, person)
    return [person for pk, person in found.items() if pk not in issue.recused_ids]


def _works_on(issue: Issue, person) -> bool:
    rights = access.rights_of(person)
    return in_lead(issue, person) or any(
        rights.may(right, area_path=issue.area_path)
        for right in ("grids.file_issue", "grids.dispatch_issue", "grids.verify_issue")
    )


# --- columns of the table ----------------------------------------------------------------------


def frees(issue: Issue, move) -> bool:
    """Is the one who stands aside the handler? Then somebody else has to sign.

    Not while it is paused: nobody works on it, and a colleague takes over once it goes on.
    """
    person = move.data.get("person")
    at_work = move.from_state in {State.IN_PROGRESS, State.HANDLED}
    return at_work and person is not None and person.pk == issue.handler_id


def target(issue: Issue, move) -> str:
    return State.DISPATCHED if frees(issue, move) else move.from_state


def clock(issue: Issue, move) -> str | None:
    """A freed order keeps its limit; one that was reported done gets half of it, as for rework."""
    if not move.data.pop("freed", False):
        return None
    limits.drop_contact(issue, move)
    return limits.of_rework(issue, move) if move.from_state == State.HANDLED else None


def effect(issue: Issue, move) -> None:
    person = move.data.get("person")
    if person is None:
        raise Missing({"person": _("谁回避")})
    if person.pk != move.by.pk and not over_place(NAMES_OTHERS)(issue, move.by):
        raise MayNotName
    if person.pk in issue.recused_ids:
        raise AsideAlready(person)
    if not _works_on(issue, person):
        raise NotOnIt(person)
    Recusal.objects.create(
        issue=issue, person=person, reason=move.reason, declared_by=move.by, at=move.at
    )
    if frees(issue, move):
        move.data["freed"] = True
        issue.handler, issue.signed_at, issue.contacted_at = None, None, None
        issue.handled_at = None
    issue.recused_ids = [*issue.recused_ids, person.pk]
    if move.data.get("freed") or issue.assignee_id == person.pk:
        roster.hand_out(issue, at=move.at)  # the next one's turn, or free for any member


def tells(issue: Issue, move) -> None:
    telling.of_recusal(issue, move, aside=move.data["person"])


S = State
_NEEDS = (("person", gettext_lazy("谁回避")), ("reason", gettext_lazy("回避原因")))
_WORDS = {
    "label": gettext_lazy("回避"),
    "tone": "quiet",
    "help": gettext_lazy("与这件事有利害关系的，不办理、不核验，也看不到反映人"),
}


def _row(sources, goes_to, **more) -> Transition:
    return Transition(
        "recuse",
        sources,
        goes_to,
        who=may_declare,
        needs=_NEEDS,
        clock=clock,
        effect=effect,
        tells=tells,
        **_WORDS,
        **more,
    )


ROWS = (
    _row((S.SUBMITTED, S.OBJECTED, S.FILED, S.DISPATCHED, S.RETURNED), None),
    _row((S.PAUSED, S.ESCALATED, S.REOPENED), None),
    _row((S.IN_PROGRESS,), target, targets=(S.IN_PROGRESS, S.DISPATCHED)),
    _row((S.HANDLED,), target, targets=(S.HANDLED, S.DISPATCHED)),
)
