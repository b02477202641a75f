"""Moving many claims at once under the table of ``points.flow``.

A handful of statements whatever their number: lock, check, update, write their steps.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from points.flow import flow
from points.models import Claim, ClaimStep
from rules import clocks
from rules.models import Clock
from rules.workflow import WrongState


def move(
    claims: Iterable[Claim],
    verb: str,
    *,
    by=None,
    at: datetime | None = None,
    reason: str = "",
    data: Mapping | None = None,
    **changes,
) -> int:
    """Take locked claims one step on, all with the same ``changes``; how many there were.

    Who may is for the caller to have asked. Raises WrongState with nothing written.
    """
    claims, at = list(claims), at or timezone.now()
    if not claims:
        return 0
    target = None
    for claim in claims:
        row = flow.transition(verb, claim.state)
        if row is None:
            label = next(row.text for row in flow.transitions if row.verb == verb)
            state = flow.state_label(claim, claim.state)
            raise WrongState(verb=verb, label=label, state=claim.state, state_label=state)
        target = row.target
    before = {claim.pk: claim.state for claim in claims}
    if target is not None:
        changes["state"] = target
    if changes:
        Claim.objects.filter(pk__in=before).update(**changes)
    ClaimStep.objects.bulk_create(
        ClaimStep(
            claim_id=pk,
            verb=verb,
            from_state=state,
            to_state=target or state,
            actor=by,
            at=at,
            reason=reason,
            data=dict(data or {}),
        )
        for pk, state in before.items()
    )
    return len(before)


def start_clocks(claims: Iterable[Claim], profile, name: str, at: datetime) -> None:
    """A clock of its own for each claim, all with one term; three statements."""
    claims = list(claims)
    if not claims:
        return
    term = profile.params[name]
    profile.freeze()
    nominal, due = clocks.reckon(term["unit"], term["amount"], at)
    rows = Clock.objects.bulk_create(
        Clock(
            unit=term["unit"],
            amount=term["amount"],
            started_at=at,
            nominal_due_at=nominal,
            due_at=due,
            profile_id=profile.pk,
        )
        for _claim in claims
    )
    for claim, clock in zip(claims, rows, strict=True):
        claim.clock = clock
    Claim.objects.bulk_update(claims, ["clock"])
