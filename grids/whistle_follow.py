"""A whistle follows its issue: what the issue does, the whistle answers in the same transaction."""

from django.utils.translation import gettext as _

from grids import whistle_issue, whistles
from grids.models import Issue, Level, State, Whistle
from grids.models import WhistleState as S

# Nothing more will come of it: the departments need not come, or may go.
_SETTLED = (State.HANDLED, State.CLOSED)
_FALLEN_AWAY = frozenset({"merged", "not_accepted"})


def follow(sender, record: Issue, move, **_kwargs) -> None:
    """Receiver of ``grids.signals.moved``."""
    if record.level not in {Level.L3, Level.L4}:
        return
    if move.verb == "escalate" and record.level == Level.L4:
        whistles.open_draft(record, by=None, at=move.at)
        return
    whistle = Whistle.objects.open().filter(issue=record).first()
    if whistle is not None:
        whistle.issue = record
        _answer(whistle, record, move)


def _answer(whistle: Whistle, issue: Issue, move) -> None:
    state = whistle.state
    if state in {S.DRAFT, S.ASKED}:
        if issue.state in _SETTLED or issue.state in _FALLEN_AWAY:
            _go(whistle, "lapse", move, reason=_("事项不再需要吹哨"))
    elif issue.state in _FALLEN_AWAY:
        _go(whistle, "lapse", move, reason=_("事项不再办理"))
    elif move.verb == "sign":
        _report_in_too(whistle, move)
    elif move.verb == "take_over":
        _name_officer(whistle, move)
    elif move.verb == "rework" and state == S.JOINT_DONE:
        _go(whistle, "start_over", move, reason=move.reason)
    elif move.verb == "verify" and state == S.JOINT_DONE:
        _go(whistle, "open_ratings", move)
    elif move.verb == "reopen" and state == S.RATING:
        _go(whistle, "start_over", move, reason=move.reason)
        lead = next(call for call in whistle.standing() if call.is_lead)
        whistle_issue.hand_over(whistle, lead, move.at)
        issue.refresh_from_db()  # who pressed the button sees where it went


def _go(whistle, verb, move, *, by=None, **given):
    whistles.advance(whistle, verb, by=by, at=move.at, **given)


def _report_in_too(whistle, move) -> None:
    """Who signs the issue for the lead department has reported in by it, or takes its place."""
    lead = next(call for call in whistle.standing() if call.is_lead)
    if lead.reported_in_at is not None:
        _name_officer(whistle, move)
    elif lead.organization_id == whistle.issue.lead_id:
        _go(whistle, "report_in", move, by=move.by, call=lead)


def _name_officer(whistle, move) -> None:
    whistle.calls.standing().filter(is_lead=True, reported_in_at__isnull=False).update(
        officer=move.by
    )
