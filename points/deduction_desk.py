"""Who sees a deduction, and as what; what is on its way, by deadline."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Household, Person, Residence
from points import deductions, waiting, who
from points.models import Deduction, DeductionState
from ui.dates import day_text, local

D = DeductionState
PARTY, STAFF, REPORTER = "party", "staff", "reporter"
OPEN = (D.REPORTED, D.ESTABLISHED, D.HEARD, D.DECIDED, D.APPEALED)
# The clock still runs in these; elsewhere it has stopped, or there is none.
WITH_TERM = (D.ESTABLISHED, D.DECIDED, D.APPEALED)
STAFF_RIGHTS = (who.REPORT, who.ESTABLISH, who.DECIDE_DEDUCTION, who.ANSWER)
TONES = {
    D.REPORTED: "info",
    D.ESTABLISHED: "warn",
    D.HEARD: "info",
    D.DECIDED: "warn",
    D.APPEALED: "warn",
    D.POSTED: "plain",
    D.DROPPED: "ok",
}
PAGE = 20


# --- who sees what -------------------------------------------------------------------------------


def _worked_on_by(person) -> QuerySet[Deduction]:
    """What the person's posts cover, but for their own affairs and those of their household."""
    homes = [home for home, _starts, _ends in who.homes_of(person)]
    rows = Deduction.objects.filter(~Q(person=person)).filter(
        Q(household=None) | ~Q(household__in=homes)
    )
    here = access.scope(rows, person, who.ESTABLISH, who.ANSWER)
    whole = access.scope(rows, person, who.DECIDE_DEDUCTION, path_field="community__path")
    return here | whole


def visible_to(person) -> QuerySet[Deduction]:
    """The one concerned (once a fact is established), who reported it, who works on it."""
    own = Deduction.objects.filter(
        Q(person=person, established_at__isnull=False) | Q(reporter=person) & ~Q(person=person)
    )
    return own | _worked_on_by(person)


def of_party(person) -> QuerySet[Deduction]:
    """The person's own, the newest first."""
    rows = Deduction.objects.filter(person=person, established_at__isnull=False)
    return rows.select_related("rule_version__rule", "clock").order_by("-pk")


def seen_as(deduction: Deduction, person) -> str:
    """PARTY, STAFF or REPORTER; for a row of ``visible_to``."""
    if deduction.person_id == person.pk:
        return PARTY
    rights = access.rights_of(person)
    works = rights.may(who.DECIDE_DEDUCTION, area_path=deduction.community.path) or any(
        rights.may(right, area_path=deduction.area_path) for right in (who.ESTABLISH, who.ANSWER)
    )
    # Somebody of the household who reported it knows that much and no more.
    at_home = any(home == deduction.household_id for home, *_days in who.homes_of(person))
    return STAFF if works and not at_home else REPORTER


def open_rows(person) -> QuerySet[Deduction]:
    """Under way within the person's posts, and what they reported; the nearest deadline first."""
    mine = Deduction.objects.filter(Q(reporter=person) & ~Q(person=person))
    rows = (mine | _worked_on_by(person)).filter(state__in=OPEN)
    return _named(rows).order_by(F("clock__due_at").asc(nulls_last=True), "pk")


def done_rows(person) -> QuerySet[Deduction]:
    mine = Deduction.objects.filter(Q(reporter=person) & ~Q(person=person))
    rows = (mine | _worked_on_by(person)).exclude(state__in=OPEN)
    return _named(rows).order_by("-pk")


def waiting_rows(person) -> QuerySet[Deduction]:
    """What the person has to establish, decide or judge (not what they have to answer)."""
    rows = waiting.deductions(person).exclude(person=person)
    return _named(rows).order_by(F("clock__due_at").asc(nulls_last=True), "pk")


def _named(rows: QuerySet[Deduction]) -> QuerySet[Deduction]:
    return rows.select_related("rule_version__rule", "person", "community", "clock")


# --- one line ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One row of a list. ``name`` is masked: who needs more opens the page."""

    href: str
    title: str
    name: str
    where: str
    state: str
    tone: str
    due: str
    is_late: bool


def line_of(deduction: Deduction, *, named: bool = True, now: datetime | None = None) -> Line:
    now = now or timezone.now()
    due = deduction.clock.due_at if deduction.state in WITH_TERM and deduction.clock else None
    return Line(
        href=deduction.get_absolute_url(),
        title=f"{deduction.rule_version.rule.code} {deduction.rule_version.title}",
        name=deduction.person.name_masked if named else "",
        where=deduction.community.name if named else "",
        state=str(deduction.get_state_display()),
        tone=TONES[D(deduction.state)],
        due=due_words(due),
        is_late=due is not None and due < now,
    )


def due_words(due: datetime | None) -> str:
    if due is None:
        return ""
    return _("%(day)s 前") % {"day": day_text(local(due).date(), full=True)}


# --- what may be done ----------------------------------------------------------------------------


def offered(deduction: Deduction, person) -> tuple[list[str], list[str]]:
    """(verbs the person may do now, why they must leave others to somebody else)."""
    verbs, why = [], []
    for row in deductions.flow.transitions:
        if deduction.state not in row.sources:
            continue
        refusal = row.refuses(deduction, person)
        if refusal is None:
            verbs.append(row.verb)
        elif refusal:
            why.append(refusal)
    return verbs, list(dict.fromkeys(why))


def step_words(deduction: Deduction, *, seen: str) -> list[dict]:
    """The history. The one concerned reads it from the established fact on, and who decided, but
    not who reported.
    """
    labels = {row.verb: row.text for row in deductions.flow.transitions} | {"report": _("报告")}
    told = []
    for step in deduction.steps.select_related("actor"):
        if seen == PARTY and step.verb == "report":
            continue
        by = step.actor.name if step.actor else _("系统")
        if seen == PARTY and step.actor_id == deduction.person_id:
            by = _("您")
        told.append(
            {
                "title": labels.get(step.verb, step.verb),
                "at": step.at,
                "by": by,
                "reason": step.reason,
                "clock": step.clock_effect,
            }
        )
    return told[::-1]


# --- finding the one concerned -------------------------------------------------------------------


def find_party(*, name: str, phone: str = "", building=None, room: str = "") -> Person | None:
    """Somebody by name and phone, or by name and door. The name has to fit either way."""
    name = name.strip()
    if phone:
        found = Person.objects.get_by_phone(phone)
        return found if found is not None and found.name == name else None
    doors = Household.objects.filter(area=building, room=room.strip())
    people = Person.objects.filter(
        pk__in=Residence.objects.filter(household__in=doors, state="verified").values("person"),
        name=name,
    )
    found = list(people[:2])
    return found[0] if len(found) == 1 else None
