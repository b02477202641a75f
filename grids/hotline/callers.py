"""Who rang the partner: masked, for those who file there; in full against a reason, and logged.

Never for whoever handles the matter, in whatever other post: they reach the caller through the
partner (a recorded contact is called back).
"""

from django.db import transaction

from grids.models import CallerReveal, Issue
from grids.who import in_lead, invited, is_recused
from orgs import access
from orgs.contacts import REASON_MIN_LENGTH, NotEntitled, NothingToReveal, ReasonTooShort


def may_see(issue: Issue, person) -> bool:
    """Files issues there, and neither stands aside nor belongs to a body that handles this one."""
    files_here = access.rights_of(person).may("grids.file_issue", area_path=issue.area_path)
    handles = in_lead(issue, person) or invited(issue, person)
    return files_here and not handles and not is_recused(issue, person)


@transaction.atomic
def reveal(issue: Issue, *, by, reason: str) -> tuple[str, str]:
    """Name and phone, with a row in the log. Raises orgs.contacts.RevealRefused."""
    reason = " ".join(reason.split())
    if len(reason) < REASON_MIN_LENGTH:
        raise ReasonTooShort
    if not may_see(issue, by):
        raise NotEntitled
    caller = issue.caller
    if caller is None or not (caller.name or caller.phone_cipher):
        raise NothingToReveal
    CallerReveal.objects.create(issue=issue, seen_by=by, reason=reason[:200])
    return caller.name, caller.phone
