"""What a whistle does to its issue, in the whistle's transaction (the issue is locked before)."""

from django.utils.translation import gettext as _

from grids import cohandling, handling
from grids.flow import flow as issue_flow
from grids.models import CoHandling, Issue, Level, State, WhistleState

# Where the subdistrict may ask for departments: it has the matter and it is not done.
ASKABLE = (
    State.FILED,
    State.DISPATCHED,
    State.IN_PROGRESS,
    State.REOPENED,
    State.ESCALATED,
)


def why_not_ask(issue: Issue) -> str:
    """Empty when a whistle can be asked for."""
    if issue.level not in {Level.L3, Level.L4}:
        return _("只有街道级、部门级的事项可以吹哨；请先由下一级办理")
    if issue.state not in ASKABLE:
        return _("当前状态为“%(state)s”，不能吹哨") % {"state": issue.get_state_display()}
    return ""


def _of(calls, *, lead: bool):
    return [call.organization for call in calls if call.is_lead is lead]


def call(whistle, move) -> None:
    """Approved: the lead department has the issue, at L4, from now on."""
    calls = whistle.standing()
    handling.advance(
        whistle.issue,
        "call",
        by=None,
        at=move.at,
        lead=_of(calls, lead=True)[0],
        departments=_of(calls, lead=False),
        approved_by=move.by,
    )
    _admit(whistle, _of(calls, lead=False), move)


def _admit(whistle, organizations, move) -> None:
    """The other departments see the issue and add to its record until the whistle ends."""
    cohandling.invite(
        whistle.issue,
        organizations,
        role=CoHandling.Role.ASSIST,
        by=move.by,
        on=move.at,
        reason=_("街道吹哨"),
    )


def give_back(whistle, move) -> None:
    """Refused: what had come up by itself is the subdistrict's again, at L3."""
    if whistle.issue.state == State.ESCALATED:
        handling.advance(whistle.issue, "uncall", by=None, at=move.at, reason=move.reason)


def sign(whistle, move) -> None:
    """The lead department's officer who reports in is the issue's handler."""
    own = move.data["call"]
    if own.is_lead:
        _sign(whistle.issue, own, move.at)


def _sign(issue: Issue, own, at) -> None:
    if issue.state != State.DISPATCHED or issue.lead_id != own.organization_id:
        return
    row = issue_flow.transition("sign", issue.state)
    if own.officer is None or row.refuses(issue, own.officer) is not None:
        return  # left the post, say; any colleague may sign
    handling.advance(issue, "sign", by=own.officer, at=at)


def let_in(whistle, move) -> None:
    """A department that came later sees the issue from now on."""
    _admit(whistle, [move.data["call"].organization], move)


def let_go(whistle, move) -> None:
    """A department that was removed; the lead's place is taken by another at once."""
    gone, lead = move.data["call"], move.data.get("lead")
    if lead is not None:
        hand_over(whistle, lead, move.at)
    cohandling.dismiss(whistle.issue, [gone.organization], on=move.at)


def hand_over(whistle, lead, at) -> None:
    """``lead`` (a call) has the issue; its limit stays, its officer signs at once."""
    handling.advance(
        whistle.issue,
        "call",
        by=None,
        at=at,
        lead=lead.organization,
        departments=[c.organization for c in whistle.standing() if c.pk != lead.pk],
        keeps_limit=True,
    )
    _sign(whistle.issue, lead, at)


def dismiss(whistle, move) -> None:
    """The departments that only helped see the issue no longer."""
    helpers = _of(whistle.standing(), lead=False)
    cohandling.dismiss(whistle.issue, helpers, on=move.at)


def dismiss_when_over(whistle, move) -> None:
    if move.to_state == WhistleState.ENDED:
        dismiss(whistle, move)
