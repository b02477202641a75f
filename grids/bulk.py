"""Dispatching several issues to one body: each in its own transaction, each with its own answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from grids import dispatch, handling, who
from grids.models import Issue
from orgs.models import Organization
from rules.refusals import Refused

MOST = 50


@dataclass(frozen=True)
class Shared:
    """A body that may lead all of them, but for those of which the gate bars it."""

    organization: Organization
    open_count: int
    named: int  # for how many the responsibility table names it
    barred: int
    why: str  # the gate's sentence, when it bars some
    of: int

    @property
    def is_barred(self) -> bool:
        return self.barred == self.of


@dataclass(frozen=True)
class Result:
    issue: Issue
    why_not: str = ""

    @property
    def went(self) -> bool:
        return not self.why_not


def chosen(numbers: Iterable[str], person) -> list[Issue]:
    """Those of ``numbers`` that ``person`` may see by a post, by deadline; no more than MOST."""
    numbers = list(dict.fromkeys(numbers))[:MOST]
    issues = list(
        Issue.objects.workable_by(person)
        .filter(number__in=numbers)
        .select_related("category", "area", "lead")
        .order_by("due_at", "pk")
    )
    dispatch.with_lineage(issues)
    return issues


def why_not(issue: Issue, person) -> str:
    """Why ``person`` cannot dispatch ``issue`` now; empty when they can."""
    if handling.flow.transition("dispatch", issue.state) is None:
        return _("现在是“%(state)s”，不用派单") % {"state": issue.get_state_display()}
    if who.at_level(issue, person) is not True:
        return _("这一级的事项不由您派单")
    return ""


def shared(issues: list[Issue], person) -> list[Shared]:
    """Bodies that serve the place of every issue, the table's choice first. Constant queries."""
    if not issues:
        return []
    found = dispatch.choices_for(issues, person)
    rows = {pk: {one.organization.pk: one for one in those.bodies} for pk, those in found.items()}
    everywhere = set.intersection(*(set(bodies) for bodies in rows.values()))
    answers = []
    for pk in everywhere:
        here = [bodies[pk] for bodies in rows.values()]
        whys = [one.barred for one in here if one.barred]
        answers.append(
            Shared(
                organization=here[0].organization,
                open_count=here[0].open_count,
                named=sum(one.suggested for one in here),
                barred=len(whys),
                why=whys[0] if whys else "",
                of=len(issues),
            )
        )
    return sorted(
        answers, key=lambda one: (one.barred, -one.named, one.open_count, one.organization.name)
    )


def dispatch_all(
    issues: Iterable[Issue], lead: Organization, *, by, reason: str = ""
) -> list[Result]:
    """Dispatch each to ``lead``; one that is refused leaves the others as they went."""
    results = []
    for issue in issues:
        try:
            with transaction.atomic():
                handling.advance(issue, "dispatch", by=by, lead=lead, reason=reason)
        except Refused as refused:
            results.append(Result(issue, str(refused)))
        else:
            results.append(Result(issue))
    return results
