"""The issue loop: its table, its verbs, and who has to do something now.

    submitted → filed → dispatched → in_progress → handled → closed → rated

with rework (handled → in_progress, half the limit) and one reopening a level up (closed →
reopened → dispatched). The table draws the buttons, the diagram in ``docs/issues.md`` and the
role × state test. Every verb is one transaction: row lock, check, change, clocks, step, messages.
"""

import math
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import deidentify, dispatch, numbers, photos
from grids.models import (
    Category,
    ClockKind,
    Issue,
    IssueClock,
    Level,
    Source,
    State,
    Urgency,
)
from inbox import outbox
from orgs import access
from orgs.models import Area, Organization
from rules import clocks, profiles
from rules.models import Clock
from rules.refusals import Refused
from rules.workflow import Missing, Transition, Workflow
from ui import dates

RULES = "ISSUE-CLOCKS"
TITLE_LENGTH = 24
LOW_STARS = 2


class NotACandidate(Refused):
    def __init__(self, organization: Organization):
        text = _("%(name)s不能承办这件事项：不服务这个地点，或没有可以承办的人员")
        super().__init__(text % {"name": organization.name})


class StillPrivate(Refused):
    def __init__(self, kinds: Sequence[str]):
        self.kinds = list(kinds)
        text = _("公开内容里还有%(kinds)s，请删去后再提交")
        super().__init__(text % {"kinds": "、".join(kinds)})


class RatingOver(Refused):
    def __init__(self):
        super().__init__(_("评价期已过"))


class ReopenedBefore(Refused):
    def __init__(self):
        super().__init__(_("每件事项只能重新办理一次；如有新情况，请重新反映"))


class NotDissatisfied(Refused):
    def __init__(self):
        text = _("选择“没有解决”或评价两星及以下时，才能要求重新办理")
        super().__init__(text)


# --- who ---------------------------------------------------------------------------------------


def _over_place(right: str):
    def who(issue, person):
        return person is not None and access.rights_of(person).may(right, area_path=issue.area_path)

    return who


def _at_level(issue, person):
    return person is not None and access.rights_of(person).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    )


def _in_lead(issue, person) -> bool:
    return (
        person is not None
        and issue.lead_id is not None
        and issue.lead_id in access.rights_of(person).organization_ids("grids.handle_issue")
    )


def _lead_member(issue, person):
    if not _in_lead(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事承办")
    return True


def _handler(issue, person):
    return _in_lead(issue, person) and person.pk == issue.handler_id


def _colleague(issue, person):
    return _lead_member(issue, person) if not _handler(issue, person) else False


def _other_than_handler(issue, person):
    if not _over_place("grids.verify_issue")(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事核验")
    if person.pk == issue.handler_id:
        return _("承办人不能核验自己的办理结果，请由他人核验")
    took_part = issue.steps.filter(
        verb__in=["sign", "take_over", "report"], actor=person, at__gte=issue.dispatched_at
    )
    if issue.dispatched_at and took_part.exists():
        return _("您参与过这件事项的办理，请由他人核验")
    return True


def _anybody_on_it(issue, person):
    """Handler, lead and workers over the place may add a note."""
    return _in_lead(issue, person) or _over_place("grids.file_issue")(issue, person)


def _reporter(issue, person):
    return person is not None and person.pk == issue.reporter_id


# --- clocks ------------------------------------------------------------------------------------


def limit_of(category: Category, level: str, rules: dict) -> tuple[str, int]:
    """(unit, amount): the category's own limit at its own level, else the level's."""
    if category.limit_amount and level == category.default_level:
        return category.limit_unit, category.limit_amount
    term = rules["params"][level]
    return term["unit"], term["amount"]


def expect(category: Category, rules: dict, at: datetime) -> datetime:
    """The date promised at posting: filed at the last moment, then the category's whole limit."""
    filing = rules["params"]["file"]
    filed_by = clocks.reckon(filing["unit"], filing["amount"], at).due
    return clocks.reckon(*limit_of(category, category.default_level, rules), filed_by).due


def clock_of(issue: Issue, kind: str) -> Clock | None:
    """The latest clock of its kind."""
    row = issue.clocks.filter(kind=kind).select_related("clock").order_by("-round").first()
    return row.clock if row else None


def _start(issue: Issue, kind: str, unit: str, amount: int, at: datetime) -> Clock:
    clock = clocks.start(unit, amount, at=at, profile=issue.clock_rules)
    rounds = IssueClock.objects.filter(issue=issue, kind=kind).count()
    IssueClock.objects.create(issue=issue, kind=kind, round=rounds + 1, clock=clock)
    return clock


def _start_term(issue: Issue, kind: str, name: str, at: datetime) -> Clock:
    term = issue.clock_rules["params"][name]
    return _start(issue, kind, term["unit"], term["amount"], at)


def _stop(issue: Issue, kind: str, at: datetime, by=None) -> Clock | None:
    clock = clock_of(issue, kind)
    if clock is not None and clock.stopped_at is None:
        clocks.stop(clock, at, by=by)
    return clock


def _promise(issue: Issue, clock: Clock) -> str:
    issue.promised_at = issue.due_at = clock.due_at
    return _("办理时限%(limit)s，%(due)s前办结") % {
        "limit": clock.describe(),
        "due": due_text(clock.due_at),
    }


def due_text(moment: datetime) -> str:
    return dates.moment_text(moment, full=False)


def _clocks_of_posting(issue, move):
    _start_term(issue, ClockKind.ACKNOWLEDGE, "acknowledge", move.at)
    filing = _start_term(issue, ClockKind.FILE, "file", move.at)
    issue.due_at = filing.due_at
    issue.promised_at = expect(issue.category, issue.clock_rules, move.at)
    return _("%(due)s前立案，承诺%(promised)s前办结") % {
        "due": due_text(filing.due_at),
        "promised": due_text(issue.promised_at),
    }


def _clock_of_acknowledging(issue, move):
    clock = _stop(issue, ClockKind.ACKNOWLEDGE, move.at, move.by)
    return _late_words(clock, _("受理"))


def _late_words(clock: Clock | None, what: str) -> str:
    return "" if clock is None or clock.on_time is not False else _("%(what)s超时") % {"what": what}


def _clocks_of_filing(issue, move):
    """Handling counts from filing, and from when it should have been filed if that came late."""
    _stop(issue, ClockKind.ACKNOWLEDGE, move.at, move.by)
    filing = _stop(issue, ClockKind.FILE, move.at, move.by)
    promised_before = issue.promised_at
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules)
    clock = _start(issue, ClockKind.HANDLE, unit, amount, min(move.at, filing.due_at))
    move.notes.append(_late_words(filing, _("立案")))
    move.notes = [note for note in move.notes if note]
    words = _promise(issue, clock)
    if clock.due_at > promised_before and not move.reason:
        raise Missing({"reason": _("承诺时间推后的原因（会告知反映人）")})
    return words


def _clock_of_signing(issue, move):
    clock = _start_term(issue, ClockKind.CONTACT, "contact_reporter", move.at)
    return _("%(due)s前联系反映人") % {"due": due_text(clock.due_at)}


def _clock_of_contact(issue, move):
    return _late_words(_stop(issue, ClockKind.CONTACT, move.at, move.by), _("联系反映人"))


def _clocks_of_reporting(issue, move):
    _stop(issue, ClockKind.CONTACT, move.at, move.by)
    clock = _stop(issue, ClockKind.HANDLE, move.at, move.by)
    if clock.on_time is False and issue.on_time is None:
        issue.on_time = False
    verify = _start_term(issue, ClockKind.VERIFY, "verify", move.at)
    issue.due_at = verify.due_at
    move.notes.append(_("办理超期") if clock.on_time is False else _("办理按时"))
    return _("%(due)s前核验") % {"due": due_text(verify.due_at)}


def _clocks_of_rework(issue, move):
    _stop(issue, ClockKind.VERIFY, move.at, move.by)
    last = clock_of(issue, ClockKind.HANDLE)
    clock = _start(issue, ClockKind.HANDLE, last.unit, math.ceil(last.amount / 2), move.at)
    return _promise(issue, clock)


def _clocks_of_closing(issue, move):
    verify = _stop(issue, ClockKind.VERIFY, move.at, move.by)
    if issue.on_time is None:
        issue.on_time = True
    rating = _start_term(issue, ClockKind.RATE, "rating", move.at)
    issue.due_at = rating.due_at
    move.notes += [words] if (words := _late_words(verify, _("核验"))) else []
    return _("%(due)s前可以评价") % {"due": due_text(rating.due_at)}


def _clock_of_rating(issue, move):
    _stop(issue, ClockKind.RATE, move.at, move.by)


def _clocks_of_reopening(issue, move):
    _stop(issue, ClockKind.RATE, move.at, move.by)
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules)
    return _promise(issue, _start(issue, ClockKind.HANDLE, unit, amount, move.at))


# --- effects -----------------------------------------------------------------------------------

FILED_FIELDS = ("level", "urgency", "area", "place_text")
PUBLIC_FIELDS = ("public_title", "public_summary", "public_place")


def _file(issue, move):
    data = move.data
    issue.category = data["category"]
    for name in FILED_FIELDS:
        if data.get(name):
            setattr(issue, name, data[name])
    for name in PUBLIC_FIELDS:
        setattr(issue, name, (data.get(name) or "").strip())
    issue.is_public = bool(data.get("publish", True) and issue.category.is_public)
    if issue.is_public:
        issue.public_title = issue.public_title or deidentify.mask(issue.title)
        _refuse_private(*(getattr(issue, name) for name in PUBLIC_FIELDS))
    issue.filed_at = move.at
    photos.approve(issue, data.get("public_photos") or (), by=move.by)


def _refuse_private(*texts: str) -> None:
    kinds = dict.fromkeys(kind for text in texts for kind in deidentify.left_in(text))
    if kinds:
        raise StillPrivate(list(kinds))


def _dispatch(issue, move):
    lead = move.data["lead"]
    possible = {one.organization.pk for one in dispatch.candidates(issue, move.by)}
    if lead.pk not in possible:
        raise NotACandidate(lead)
    issue.lead, issue.handler, issue.dispatched_at = lead, None, move.at
    issue.signed_at = issue.contacted_at = None


def _sign(issue, move):
    issue.handler, issue.signed_at = move.by, move.at


def _take_over(issue, move):
    move.data["before"] = issue.handler
    issue.handler = move.by


def _contact(issue, move):
    issue.contacted_at = issue.contacted_at or move.at


def _report(issue, move):
    pictures = move.data.get("photos") or ()
    without = (move.data.get("no_photo_reason") or "").strip()
    if not pictures and not without:
        raise Missing({"photos": _("办理后照片，或没有照片的原因")})
    issue.result = move.data["result"].strip()
    issue.no_photo_reason = "" if pictures else without
    issue.public_result = deidentify.mask(issue.result)
    issue.handled_at = move.at


def _verify(issue, move):
    issue.verifier, issue.closed_at = move.by, move.at
    if (words := (move.data.get("public_result") or "").strip()) and issue.is_public:
        issue.public_result = words
    if issue.is_public:
        _refuse_private(issue.public_result)
    if (tokens := move.data.get("public_photos")) is not None:
        photos.approve(issue, tokens, by=move.by)


def _rework(issue, move):
    issue.rework_count += 1
    issue.handled_at = None


def _keep_rating(issue, move):
    issue.solved = bool(move.data["solved"])
    issue.stars = int(move.data["stars"])
    issue.rating_comment = (move.data.get("comment") or move.reason or "").strip()
    issue.rated_at = move.at


def _refuse_late_rating(issue, move):
    if issue.due_at is not None and move.at > issue.due_at:
        raise RatingOver


def _rate(issue, move):
    _refuse_late_rating(issue, move)
    _keep_rating(issue, move)


def _reopen(issue, move):
    _refuse_late_rating(issue, move)
    if issue.reopened_count:
        raise ReopenedBefore
    if move.data.get("stars") is not None and move.data.get("solved") is not None:
        _keep_rating(issue, move)
    if issue.solved is None:
        raise Missing({"solved": _("是否解决"), "stars": _("满意度")})
    if issue.solved and issue.stars > LOW_STARS:
        raise NotDissatisfied
    issue.reopened_count += 1
    move.data["level_before"] = issue.level
    issue.level = Level(issue.level).above
    move.data["lead_before"] = issue.lead
    issue.handler = issue.verifier = None
    issue.handled_at = issue.closed_at = None


# --- telling -----------------------------------------------------------------------------------

PROGRESS, ANSWER, TASK = "grids.issue_progress", "grids.issue_answer", "grids.issue_task"
_silent: ContextVar[bool] = ContextVar("grids_handling_silent", default=False)


@contextmanager
def silently() -> Iterator[None]:
    """Tell nobody: a seed or an import writes what happened long ago."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _tell(issue, move, people, kind, audience, title, text="") -> None:
    people = list(people)
    if not people or _silent.get():
        return
    outbox.tell(
        people,
        kind=kind,
        title=title % {"number": issue.number, "title": issue.title},
        text=text,
        url=issue.get_absolute_url(),
        key=f"issue:{issue.pk}:{move.step.pk}:{audience}",
    )


def _tell_reporter(issue, move, title, text="", kind=PROGRESS):
    _tell(issue, move, [issue.reporter], kind, "reporter", title, text)


def _aside(issue) -> set[int]:
    return {pk for pk in (issue.reporter_id, issue.handler_id) if pk}


def _tells_posting(issue, move):
    text = _("我们已收到“%(title)s”。%(file)s前会立案，承诺%(due)s前办结。") % {
        "title": issue.title,
        "file": due_text(issue.due_at),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("已收到您反映的事项 %(number)s"), text)
    near = dispatch.nearest("grids.file_issue", issue.area_path, excluding=[issue.reporter_id])
    text = _("%(category)s，请在%(due)s前立案。") % {
        "category": issue.category,
        "due": due_text(issue.due_at),
    }
    _tell(issue, move, near, TASK, "workers", _("待立案：%(title)s"), text)


def _tells_acknowledging(issue, move):
    _tell_reporter(issue, move, _("网格员已看到您反映的事项 %(number)s"))


def _tells_filing(issue, move):
    text = _("类别：%(category)s；承诺%(due)s前办结。") % {
        "category": issue.category,
        "due": due_text(issue.promised_at),
    }
    if move.reason:
        text += _("说明：%(reason)s") % {"reason": move.reason}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已立案"), text)
    near = dispatch.nearest(
        "grids.dispatch_issue",
        dispatch.node_path(issue),
        excluding=[issue.reporter_id, move.by.pk],
    )
    if not access.rights_of(move.by).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    ):
        _tell(issue, move, near, TASK, "dispatchers", _("待派单：%(title)s"))


def _tells_dispatch(issue, move):
    text = _("由%(lead)s承办，承诺%(due)s前办结。") % {
        "lead": issue.lead.name,
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已派单"), text)
    handlers = dispatch.members(issue.lead, excluding=[issue.reporter_id])
    text = _("请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    _tell(issue, move, handlers, TASK, "handlers", _("待签收：%(title)s"), text)


def _tells_signing(issue, move):
    text = _("%(lead)s已签收，承办人%(name)s会与您联系。") % {
        "lead": issue.lead.name,
        "name": issue.handler.name,
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已签收"), text)


def _tells_taking_over(issue, move):
    text = _("现由%(name)s承办。") % {"name": issue.handler.name}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 换了承办人"), text)
    before = move.data.get("before")
    if before is not None:
        _tell(issue, move, [before], TASK, "before", _("已由同事接手：%(title)s"), move.reason)


def _tells_contact(issue, move):
    title = _("承办人已记录与您联系：%(number)s")
    _tell_reporter(issue, move, title, move.data.get("note", ""))


def _tells_note(issue, move):
    if move.data.get("for_reporter"):
        _tell_reporter(issue, move, _("关于您反映的事项 %(number)s 的说明"), move.data["note"])
    elif issue.handler_id and issue.handler_id != move.by.pk:
        title = _("有新的工作记录：%(title)s")
        _tell(issue, move, [issue.handler], TASK, "handler", title, move.data["note"])


def _tells_reporting(issue, move):
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已办理，正在核验"), move.data["result"])
    near = dispatch.nearest("grids.verify_issue", issue.area_path, excluding=_aside(issue))
    text = _("请在%(due)s前核验。") % {"due": due_text(issue.due_at)}
    _tell(issue, move, near, TASK, "verifiers", _("待核验：%(title)s"), text)


def _tells_rework(issue, move):
    text = _("核验未通过，%(due)s前重新办理。") % {"due": due_text(issue.promised_at)}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 需要返工"), text)
    text = _("原因：%(reason)s。请在%(due)s前办结。") % {
        "reason": move.reason.rstrip("。"),
        "due": due_text(issue.promised_at),
    }
    _tell(issue, move, [issue.handler], TASK, "handler", _("返工：%(title)s"), text)


def _tells_closing(issue, move):
    text = _("请告诉我们问题是否解决，%(due)s前可以评价。没有解决的，可以要求上一级重新办理一次。")
    text = issue.result + "\n" + text % {"due": due_text(issue.due_at)}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已办结，请评价"), text, kind=ANSWER)
    _tell(issue, move, [issue.handler], TASK, "handler", _("已核验办结：%(title)s"))


def _tells_rating(issue, move):
    text = _("%(solved)s，%(stars)d 星。%(comment)s") % {
        "solved": _("已解决") if issue.solved else _("没有解决"),
        "stars": issue.stars,
        "comment": issue.rating_comment,
    }
    people = [person for person in (issue.handler, issue.verifier) if person is not None]
    _tell(issue, move, people, TASK, "handlers", _("收到评价：%(title)s"), text)


def _tells_reopening(issue, move):
    text = _("已提到%(level)s，承诺%(due)s前办结。") % {
        "level": issue.get_level_display(),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 将重新办理"), text)
    near = dispatch.nearest(
        "grids.dispatch_issue", dispatch.node_path(issue), excluding=[issue.reporter_id]
    )
    title = _("重新办理，请派单：%(title)s")
    _tell(issue, move, near, TASK, "dispatchers", title, move.reason)
    last = move.data.get("lead_before")
    if last is not None:
        told = {person.pk for person in near} | {issue.reporter_id}
        handlers = dispatch.members(last, excluding=told)
        _tell(issue, move, handlers, TASK, "handlers", _("反映人要求重新办理：%(title)s"))


# --- the table ---------------------------------------------------------------------------------

S = State
L = gettext_lazy
flow = Workflow(
    "issue",
    step_model="grids.IssueStep",
    transitions=[
        Transition(
            "acknowledge",
            (S.SUBMITTED,),
            None,
            who=_over_place("grids.file_issue"),
            label=L("已看到"),
            tone="quiet",
            clock=_clock_of_acknowledging,
            tells=_tells_acknowledging,
            help=L("先告诉反映人有人看到了，再去核实"),
        ),
        Transition(
            "file",
            (S.SUBMITTED,),
            S.FILED,
            who=_over_place("grids.file_issue"),
            needs=(("category", L("类别")), ("level", L("层级"))),
            label=L("立案"),
            tone="main",
            clock=_clocks_of_filing,
            effect=_file,
            tells=_tells_filing,
        ),
        Transition(
            "dispatch",
            (S.FILED, S.REOPENED),
            S.DISPATCHED,
            who=_at_level,
            needs=(("lead", L("承办单位")),),
            label=L("派单"),
            tone="main",
            effect=_dispatch,
            tells=_tells_dispatch,
        ),
        Transition(
            "redirect",
            (S.DISPATCHED,),
            S.DISPATCHED,
            who=_at_level,
            needs=(("lead", L("承办单位")), ("reason", L("改派原因"))),
            label=L("改派"),
            effect=_dispatch,
            tells=_tells_dispatch,
        ),
        Transition(
            "sign",
            (S.DISPATCHED,),
            S.IN_PROGRESS,
            who=_lead_member,
            label=L("签收"),
            tone="main",
            clock=_clock_of_signing,
            effect=_sign,
            tells=_tells_signing,
        ),
        Transition(
            "contact",
            (S.IN_PROGRESS,),
            None,
            who=_handler,
            needs=(("note", L("联系情况")),),
            label=L("记录已联系反映人"),
            clock=_clock_of_contact,
            effect=_contact,
            tells=_tells_contact,
        ),
        Transition(
            "report",
            (S.IN_PROGRESS,),
            S.HANDLED,
            who=_handler,
            needs=(("result", L("办理结果")),),
            label=L("上报结果"),
            tone="main",
            clock=_clocks_of_reporting,
            effect=_report,
            tells=_tells_reporting,
        ),
        Transition(
            "take_over",
            (S.IN_PROGRESS,),
            None,
            who=_colleague,
            needs=(("reason", L("接手原因")),),
            label=L("接手"),
            effect=_take_over,
            tells=_tells_taking_over,
        ),
        Transition(
            "verify",
            (S.HANDLED,),
            S.CLOSED,
            who=_other_than_handler,
            needs=(("how", L("怎样核验")),),
            label=L("核验通过，办结"),
            tone="main",
            clock=_clocks_of_closing,
            effect=_verify,
            tells=_tells_closing,
        ),
        Transition(
            "rework",
            (S.HANDLED,),
            S.IN_PROGRESS,
            who=_other_than_handler,
            needs=(("reason", L("返工原因")),),
            label=L("退回返工"),
            clock=_clocks_of_rework,
            effect=_rework,
            tells=_tells_rework,
        ),
        Transition(
            "rate",
            (S.CLOSED,),
            S.RATED,
            who=_reporter,
            needs=(("solved", L("是否解决")), ("stars", L("满意度"))),
            label=L("提交评价"),
            tone="main",
            clock=_clock_of_rating,
            effect=_rate,
            tells=_tells_rating,
        ),
        Transition(
            "reopen",
            (S.CLOSED, S.RATED),
            S.REOPENED,
            who=_reporter,
            needs=(("reason", L("哪里没有解决")),),
            label=L("要求重新办理"),
            clock=_clocks_of_reopening,
            effect=_reopen,
            tells=_tells_reopening,
        ),
        Transition(
            "note",
            (S.SUBMITTED, S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.HANDLED, S.REOPENED),
            None,
            who=_anybody_on_it,
            needs=(("note", L("记录内容")),),
            label=L("添加记录"),
            tells=_tells_note,
        ),
    ],
)


def available(issue: Issue, person) -> list[Transition]:
    """The table's answer, without what has become pointless: rating after its time, say."""
    over = issue.due_at is not None and issue.due_at < timezone.now()
    acknowledged = (
        issue.state == State.SUBMITTED and issue.steps.filter(verb="acknowledge").exists()
    )

    def is_pointless(verb: str) -> bool:
        return (
            (verb in {"rate", "reopen"} and over)
            or (verb == "reopen" and issue.reopened_count > 0)
            or (verb == "reopen" and issue.state == S.RATED and not is_dissatisfied(issue))
            or (verb == "acknowledge" and acknowledged)
            or (verb == "contact" and issue.contacted_at is not None)
        )

    return [row for row in flow.available(issue, person) if not is_pointless(row.verb)]


def is_dissatisfied(issue: Issue) -> bool:
    return issue.solved is False or (issue.stars is not None and issue.stars <= LOW_STARS)


def why_not(issue: Issue, person) -> list[str]:
    """Sentences that say why this person must stand aside now (recusal), each once."""
    state = flow.state_of(issue)
    said = (row.refuses(issue, person) for row in flow.transitions if state in row.sources)
    return list(dict.fromkeys(text for text in said if text))


# --- verbs -------------------------------------------------------------------------------------


def post(
    *,
    reporter,
    category: Category,
    area: Area,
    text: str,
    place_text: str = "",
    title: str = "",
    anonymous: bool = False,
    pictures: Iterable[photos.Ready] = (),
    key: uuid.UUID | None = None,
    source: str = Source.RESIDENT,
    at: datetime | None = None,
) -> Issue:
    """Take in an issue; the same reporter and ``key`` again give the first one back.

    ``pictures`` and the drafts kept under ``key`` become its photos. The number is the next of
    the subdistrict's day. Raises NoProfile or PhotoRefused, with nothing written.
    """
    at, key = at or timezone.now(), key or uuid.uuid4()
    with photos.writing(), transaction.atomic():
        series = numbers.lock_series(area)
        if (there := Issue.objects.filter(reporter=reporter, posting_key=key).first()) is not None:
            return there
        rules = profiles.in_force(RULES, place=area.code, on=timezone.localdate(at)).freeze()
        issue = Issue(
            number=numbers.take(series, timezone.localdate(at)),
            posting_key=key,
            reported_at=at,
            source=source,
            reporter=reporter,
            anonymous=anonymous,
            category=category,
            area=area,
            place_text=place_text.strip(),
            title=(title.strip() or deidentify.title_from(text, TITLE_LENGTH))[:60],
            description=text.strip(),
            level=category.default_level,
            urgency=_urgency(category, text),
            clock_rules=rules,
        )
        photos.keep(pictures, draft_key=key, by=reporter)
        sent = list(photos.drafts(key, reporter))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany

        def attach(issue, move):
            photos.attach(sent, issue, move.step)
            _tells_posting(issue, move)

        flow.open(issue, by=reporter, verb="submit", at=at, clock=_clocks_of_posting, tells=attach)
    return issue


def _urgency(category: Category, text: str) -> str:
    return Urgency.URGENT if deidentify.sounds_dangerous(text) else category.default_urgency


def advance(
    issue: Issue, verb: str, *, by, pictures: Iterable[photos.Ready] = (), key=None, **data
):
    """``flow.advance``, with pictures that come along (and drafts kept under ``key``).

    They become after-photos of the step. Raises what the table raises; then no file stays.
    """
    with photos.writing(), transaction.atomic():
        key = key or uuid.uuid4()
        photos.keep(pictures, draft_key=key, by=by, kind="after")
        sent = list(photos.drafts(key, by))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany
        if sent:
            data["photos"] = sent
        step = flow.advance(issue, verb, by=by, **data)
        photos.attach(sent, issue, step)
    return step


def is_worker(issue: Issue, person) -> bool:
    """Has ``person`` to do with it by a post: over the place, or in the lead body?"""
    rights = access.rights_of(person)
    return _in_lead(issue, person) or any(
        rights.may(right, area_path=issue.area_path)
        for right in ("grids.view_issue", "grids.file_issue")
    )


# --- who has to do something -------------------------------------------------------------------


def waiting_for(person, *, now: datetime | None = None):
    """Issues that need ``person`` now, the most pressing first; ``issue.waits_for`` is the verb.

    Two queries at most, whatever is found. People of the subdistrict see their own level's
    matters, and of the communities' only what is late.
    """
    now = now or timezone.now()
    needed = ("grids.file_issue", "grids.dispatch_issue", "grids.verify_issue")
    levels = dispatch.levels_of(person, *needed)
    file, send, verify = (dispatch.reach(person, right, levels=levels) for right in needed)
    leads = access.rights_of(person).organization_ids("grids.handle_issue")
    local, late = Q(level__in=[Level.L1, Level.L2]), Q(due_at__lt=now)
    mine = Q(reporter=person)
    waits = Q(state=S.CLOSED, due_at__gte=now) & mine
    if file.near:
        waits |= Q(state=S.SUBMITTED) & _under(file.near)
    if send.near:
        waits |= Q(state=S.FILED) & local & _under(send.near)
    if send.community:
        waits |= Q(state=S.REOPENED) & local & _under(send.community)
    if verify.near:
        waits |= Q(state=S.HANDLED) & _under(verify.near) & ~Q(handler=person) & ~mine
    if file.high:
        waits |= Q(state=S.SUBMITTED) & late & _under(file.high)
    if send.high:
        waits |= Q(state=S.FILED) & (~local | late) & _under(send.high)
        waits |= Q(state=S.REOPENED) & ~local & _under(send.high)
    if verify.high:
        others = ~Q(handler=person) & ~mine
        waits |= Q(state=S.HANDLED) & (~local | late) & _under(verify.high) & others
    if leads:
        waits |= Q(state=S.DISPATCHED, lead__in=leads) & ~mine
        waits |= Q(state=S.IN_PROGRESS, handler=person)
    return (
        Issue.objects.filter(waits)
        .select_related("category", "lead")
        .defer("clock_rules", "description", "public_summary", "public_result", "result")
        .order_by("due_at", "pk")
    )


def _under(paths: Iterable[str]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(area_path__startswith=path)
    return condition


def week_start(now: datetime | None = None) -> datetime:
    today = timezone.localtime(now or timezone.now())
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=today.weekday()
    )


def public_figures(*, area: Area | None = None, now: datetime | None = None) -> dict[str, int]:
    """For the home page, this week in public: received, closed, and how many are open or late."""
    now = now or timezone.now()
    since = week_start(now)
    shown = Issue.objects.visible_to_public()
    if area is not None:
        shown = shown.filter(area_path__startswith=area.path)
    return shown.aggregate(
        received=Count("pk", filter=Q(reported_at__gte=since)),
        closed=Count("pk", filter=Q(closed_at__gte=since, state__in=[S.CLOSED, S.RATED])),
        open=Count("pk", filter=~Q(state__in=[S.CLOSED, S.RATED])),
        late=Count(
            "pk",
            filter=Q(
                state__in=[S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.REOPENED], promised_at__lt=now
            ),
        ),
    )
