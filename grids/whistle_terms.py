"""The terms of a whistle: the ``clock`` column of the table in ``grids.whistles``.

Each starts and stops clocks, keeps ``due_at`` and returns a few words for the step.
"""

from django.utils.translation import gettext as _

from grids.limits import due_text
from grids.models import (
    Scene,
    Whistle,
    WhistleCall,
    WhistleClock,
    WhistleClockKind,
    WhistleState,
)
from rules import calendar, clocks
from rules.models import Clock

Kind = WhistleClockKind


def _start(whistle: Whistle, kind: str, term: str, at, *, call: WhistleCall | None = None) -> Clock:
    clock = clocks.start_term(whistle.rules, term, at=at)
    WhistleClock.objects.create(whistle=whistle, kind=kind, call=call, clock=clock)
    return clock


def _running(whistle: Whistle, kind: str, call: WhistleCall | None = None) -> Clock | None:
    rows = whistle.clocks.filter(kind=kind, call=call, clock__stopped_at=None)
    row = rows.select_related("clock").order_by("-pk").first()
    return row.clock if row else None


def _stop(whistle: Whistle, kind: str, move, *, call: WhistleCall | None = None) -> Clock | None:
    clock = _running(whistle, kind, call)
    return clocks.stop(clock, move.at, by=move.by) if clock else None


def _cancel(whistle: Whistle, kind: str, move, reason: str, *, call=None) -> None:
    if clock := _running(whistle, kind, call):
        clocks.cancel(clock, reason, move.at, by=move.by)


def _note_lateness(move, clock: Clock | None, what: str) -> None:
    if clock is not None and clock.on_time is False:
        move.notes.append(_("%(what)s超时") % {"what": what})


def _due(whistle: Whistle, words: str, clock: Clock) -> str:
    whistle.due_at = clock.due_at
    return words % {"due": due_text(clock.due_at)}


# --- before the call -----------------------------------------------------------------------------


def of_opening(whistle, move):
    if move.by is None:
        clock = _start(whistle, Kind.COMPLETE, "complete", move.at)
        return _due(whistle, _("%(due)s前补全申请"), clock)
    return None


def of_asking(whistle, move):
    _note_lateness(move, _stop(whistle, Kind.COMPLETE, move), _("补全申请"))
    return _due(whistle, _("%(due)s前批准"), _start(whistle, Kind.APPROVE, "approve", move.at))


def of_refusing(whistle, move):
    _note_lateness(move, _stop(whistle, Kind.APPROVE, move), _("批准"))
    whistle.due_at = None


# --- reporting in --------------------------------------------------------------------------------


def of_approving(whistle, move):
    _note_lateness(move, _stop(whistle, Kind.APPROVE, move), _("批准"))
    for call in whistle.standing():
        start_report_in(whistle, call, move.at)
    whistle.due_at = min(call.report_due_at for call in whistle.standing())
    return _("%(due)s前报到") % {"due": due_text(whistle.due_at)}


def start_report_in(whistle: Whistle, call: WhistleCall, at) -> Clock:
    term = "report_in_scene" if whistle.scene == Scene.ENFORCEMENT else "report_in"
    clock = _start(whistle, Kind.REPORT_IN, term, at, call=call)
    call.called_at, call.report_due_at = at, clock.due_at
    call.save(update_fields=["called_at", "report_due_at"])
    return clock


def of_reporting_in(whistle, move):
    """Writes, once, when the department came and whether in time."""
    call = move.data["call"]
    clock = _stop(whistle, Kind.REPORT_IN, move, call=call)
    call.on_time = clock.on_time
    call.save(update_fields=["officer", "reported_in_at", "on_time"])
    move.notes.append(_("报到按时") if call.on_time else _("报到超时"))
    return _turn(whistle, move)


def _turn(whistle, move):
    """The step now due, after a department came, was added or was removed."""
    if move.to_state == WhistleState.REPORTED_IN and move.from_state != move.to_state:
        return _due(whistle, _("%(due)s前定方案"), _start(whistle, Kind.PLAN, "plan", move.at))
    if move.to_state == WhistleState.CALLED:
        waiting = [call.report_due_at for call in _fresh(whistle) if call.reported_in_at is None]
        whistle.due_at = min(waiting, default=whistle.due_at)
    if move.to_state == WhistleState.JOINT_DONE:
        whistle.due_at = whistle.issue.promised_at
    return None


def _fresh(whistle):
    return WhistleCall.objects.standing().filter(whistle=whistle)


def of_adding(whistle, move):
    _cancel(whistle, Kind.PLAN, move, _("增加了报到部门，重新等待报到"))
    clock = start_report_in(whistle, move.data["call"], move.at)
    _turn(whistle, move)
    return _("%(due)s前报到") % {"due": due_text(clock.due_at)}


def of_removing(whistle, move):
    _cancel(whistle, Kind.REPORT_IN, move, _("已撤下该部门"), call=move.data["call"])
    return _turn(whistle, move)


# --- together ------------------------------------------------------------------------------------


def of_planning(whistle, move):
    _note_lateness(move, _stop(whistle, Kind.PLAN, move), _("定方案"))
    whistle.due_at = calendar.end_of_day(whistle.plan_on)
    return _("计划%(due)s前完成") % {"due": due_text(whistle.due_at)}


def of_finishing(whistle, move):
    call = move.data["call"]
    if call.due_on and calendar.local_day(move.at) > call.due_on:
        move.notes.append(_("任务超期"))
    return _turn(whistle, move)


def of_starting_over(whistle, move):
    """Rework or reopening: the issue's own limit is the new plan's, and rating waits again."""
    _cancel(whistle, Kind.RATE, move, _("事项重新办理"))
    whistle.due_at = whistle.issue.promised_at
    return _("%(due)s前重新完成") % {"due": due_text(whistle.due_at)}


# --- the end -------------------------------------------------------------------------------------


def of_opening_ratings(whistle, move):
    clock = _start(whistle, Kind.RATE, "rating", move.at)
    return _due(whistle, _("%(due)s前互相评价"), clock)


def of_rating(whistle, move):
    if move.to_state == WhistleState.ENDED:
        of_ending(whistle, move)


def of_ending(whistle, move):
    _stop(whistle, Kind.RATE, move)
    whistle.due_at = None


def of_lapsing(whistle, move):
    for row in whistle.clocks.filter(clock__stopped_at=None).select_related("clock"):
        clocks.cancel(row.clock, _("吹哨作废"), move.at, by=move.by)
    whistle.due_at = None
