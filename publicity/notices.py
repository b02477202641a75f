"""公示: publishing a notice, objecting, answering, closing. The verbs other apps call.

    published → objected → answered → closed (upheld, corrected)

or withdrawn with a reason. Every verb is one transaction: row lock, check, change, clocks, step,
messages, signal (``publicity.signals``). An app announces its kind in ``AppConfig.ready`` with
``register_kind`` and names its record in ``subject`` ("points-batch:31").
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import CharField, Exists, Min, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import Message
from orgs import access
from orgs.models import Area, Organization, Residence
from publicity import signals, tables, telling
from publicity.models import Notice, NoticeState, Objection, Result, Scope
from publicity.words import refuse_private
from rules import calendar, clocks, profiles
from rules.refusals import Refused
from rules.workflow import Missing, Transition, Workflow, system

logger = logging.getLogger(__name__)

RULES = "NOTICE-PERIODS"
PUBLISH, ANSWER = "publicity.publish_notice", "publicity.answer_objection"
LATE_KEY = "objection-late:"


class UnknownKind(Exception):
    """A mistake in the calling code, not of a person."""


class NotEntitled(Refused):
    def __init__(self, area: Area):
        super().__init__(_("您没有在%(name)s发布公示的权限") % {"name": area.name})


class SubjectTaken(Refused):
    def __init__(self, notice: Notice):
        self.notice = notice
        super().__init__(_("这项业务已有一份内容不同的公示，请先撤回那一份"))


class TermTooShort(Refused):
    def __init__(self, least: str):
        super().__init__(_("公示期不能少于%(term)s") % {"term": least})


class WindowOver(Refused):
    def __init__(self, ends_on: date):
        super().__init__(_("公示期已于 %(day)s 结束，不能再提异议") % {"day": ends_on.isoformat()})


class WindowOpen(Refused):
    def __init__(self, ends_on: date):
        text = _("公示期到 %(day)s 为止，期满后才能结束")
        super().__init__(text % {"day": ends_on.isoformat()})


class AnsweredBefore(Refused):
    def __init__(self):
        super().__init__(_("这条异议已经答复过，请刷新后再看"))


class MustCorrect(Refused):
    def __init__(self):
        super().__init__(_("有异议已被采纳，结果须为“已更正”并写明更正内容"))


# --- kinds -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    code: str
    label: object  # lazy text
    profile: str  # rule profile with the terms
    term: str  # name of its parameter for the window
    answer: str  # … and for the answer to an objection
    scope: str
    auto_close: bool
    by_hand: bool  # may staff publish it from the page, without an app behind it
    most_rows: int  # of its table


_kinds: dict[str, Kind] = {}


def register_kind(
    code: str,
    label,
    *,
    profile: str = RULES,
    term: str = "general",
    answer: str = "answer",
    scope: str = Scope.PUBLIC,
    auto_close: bool = True,
    by_hand: bool = False,
    most_rows: int = tables.MOST_ROWS,
) -> Kind:
    """Announce a kind of notice, from ``AppConfig.ready()``.

    ``auto_close``: without an objection the beat closes it as upheld once the window is over;
    otherwise a person does.
    """
    kind = Kind(code, label, profile, term, answer, scope, auto_close, by_hand, most_rows)
    if _kinds.setdefault(code, kind) != kind:
        raise ValueError(f"kind of notice {code} is registered twice, with different rules")
    return kind


def kind_of(code: str) -> Kind:
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(f"kind of notice {code!r} is not registered") from None


def kind_label(code: str) -> str:
    """The label to show; a notice of a kind that is gone keeps its code."""
    return str(_kinds[code].label) if code in _kinds else code


def kinds_by_hand() -> list[Kind]:
    return [kind for kind in _kinds.values() if kind.by_hand]


# --- who ---------------------------------------------------------------------------------------


def _over_place(right: str):
    def who(notice, person):
        return person is not None and access.rights_of(person).may(
            right, area_path=notice.area_path
        )

    return who


def lives_in_scope(notice: Notice, person) -> bool:
    """A verified resident of the place (an owner there, when it is for the owners). One query."""
    homes = Residence.objects.verified().filter(
        person=person, household__area_path__startswith=notice.area_path
    )
    if notice.scope == Scope.OWNERS:
        homes = homes.filter(kind=Residence.Kind.OWNER)
    return homes.exists()


def _resident(notice, person):
    if person is None:
        return False
    if person.pk == notice.publisher_id:
        return _("您是发布人，不能对自己发布的公示提出异议")
    if not lives_in_scope(notice, person):
        if notice.scope == Scope.OWNERS:
            return _("只有这一范围内已核验的业主可以提出异议")
        return _("只有这一范围内已核验的居民可以提出异议")
    if notice.objections.filter(objector=person).exists():
        return _("您已对这份公示提出过异议")
    return True


def _other_than_publisher(notice, person):
    if not _over_place(ANSWER)(notice, person):
        return False
    if person.pk == notice.publisher_id:
        return _("您是这份公示的发布人，请由他人答复异议")
    return True


def sees_objectors(notice: Notice, person) -> bool:
    """Only those who may answer learn who objected and the words as they were written."""
    return person.is_authenticated and _other_than_publisher(notice, person) is True


# --- effects -----------------------------------------------------------------------------------


def _unanswered(notice):
    return notice.objections.filter(answered_at=None)


def _set_due(notice: Notice) -> None:
    """When the present step is due: the first answer owed, or the end of the window."""
    first = _unanswered(notice).aggregate(first=Min("clock__due_at"))["first"]
    notice.due_at = first or calendar.end_of_day(notice.ends_on)


def _object(notice, move):
    objection = move.data["objection"]
    if not notice.takes_objections(on=calendar.local_day(move.at)):
        raise WindowOver(notice.ends_on)
    objection.stated_at = move.at
    objection.clock = clocks.start_term(notice.rules, notice.answer_term, at=move.at)
    objection.save()
    _set_due(notice)


def _after_answer(notice, move):
    others = _unanswered(notice).exclude(pk=move.data["objection"].pk)
    return NoticeState.OBJECTED if others.exists() else NoticeState.ANSWERED


def _answer(notice, move):
    objection = move.data["objection"]
    objection.refresh_from_db(from_queryset=Objection.objects.select_for_update())
    if objection.notice_id != notice.pk:
        raise ValueError(f"objection {objection.pk} is not about notice {notice.pk}")
    if objection.is_answered:
        raise AnsweredBefore
    if objection.objector_id == move.by.pk:
        raise Refused(_("不能答复自己提出的异议，请由他人答复"))
    refuse_private(move.data["answer"], move.data["public_text"])
    objection.answerer, objection.answered_at = move.by, move.at
    objection.is_accepted = bool(move.data["is_accepted"])
    objection.answer = move.data["answer"].strip()
    objection.public_text = move.data["public_text"].strip()
    objection.save()
    clocks.stop(objection.clock, move.at, by=move.by)
    _set_due(notice)


def _end_window(notice, move):
    if calendar.local_day(move.at) <= notice.ends_on:
        raise WindowOpen(notice.ends_on)


def _expire(notice, move):
    _end_window(notice, move)
    if not notice.closes_itself:
        raise Refused(_("这类公示须由工作人员结束"))
    notice.result, notice.closed_at, notice.due_at = Result.UPHELD, move.at, None


def _close(notice, move):
    _end_window(notice, move)
    result = Result(move.data["result"])
    correction = (move.data.get("correction") or "").strip()
    accepted = notice.objections.filter(is_accepted=True).exists()
    if accepted and result != Result.CORRECTED:
        raise MustCorrect
    if result == Result.CORRECTED and not correction:
        raise Missing({"correction": _("更正内容")})
    if result == Result.CORRECTED:
        refuse_private(correction)
        notice.correction = correction
    notice.result, notice.closed_at, notice.due_at = result, move.at, None


def _withdraw(notice, move):
    refuse_private(move.reason)
    for objection in _unanswered(notice).select_related("clock"):
        clocks.cancel(objection.clock, _("公示已撤回"), move.at, by=move.by)
    notice.closed_at, notice.due_at = move.at, None


# --- telling -----------------------------------------------------------------------------------


def _tells(signal, tell=None, *, of_objection: bool = False):
    """The messages of a verb, then its signal, in the verb's transaction."""

    def tells(notice, move):
        if tell is not None:
            tell(notice, move, *([move.data["objection"]] if of_objection else []))
        signal.send(sender=Notice, notice=notice, move=move)

    return tells


# --- the table ---------------------------------------------------------------------------------

S = NoticeState
L = gettext_lazy
flow = Workflow(
    "notice",
    step_model="publicity.NoticeStep",
    transitions=[
        Transition(
            "object",
            (S.PUBLISHED, S.OBJECTED, S.ANSWERED),
            S.OBJECTED,
            who=_resident,
            needs=(("objection", L("异议内容")),),
            label=L("提出异议"),
            tone="main",
            effect=_object,
            tells=_tells(signals.objected, telling.of_objection, of_objection=True),
        ),
        Transition(
            "answer",
            (S.OBJECTED,),
            _after_answer,
            who=_other_than_publisher,
            needs=(
                ("objection", L("异议")),
                ("answer", L("答复")),
                ("public_text", L("公开的异议内容")),
                ("is_accepted", L("是否采纳")),
            ),
            label=L("答复异议"),
            tone="main",
            effect=_answer,
            tells=_tells(signals.answered, telling.of_answer, of_objection=True),
            targets=(S.OBJECTED, S.ANSWERED),
        ),
        Transition(
            "close",
            (S.PUBLISHED, S.ANSWERED),
            S.CLOSED,
            who=_over_place(PUBLISH),
            needs=(("result", L("结果")),),
            label=L("结束公示"),
            tone="main",
            effect=_close,
            tells=_tells(signals.closed, telling.of_ending),
        ),
        Transition(
            "expire",
            (S.PUBLISHED,),
            S.CLOSED,
            who=system,
            label=L("期满无异议，自动结束"),
            effect=_expire,
            tells=_tells(signals.closed, telling.of_ending),
        ),
        Transition(
            "withdraw",
            (S.PUBLISHED, S.OBJECTED, S.ANSWERED),
            S.WITHDRAWN,
            who=_over_place(PUBLISH),
            needs=(("reason", L("撤回原因")),),
            label=L("撤回公示"),
            effect=_withdraw,
            tells=_tells(signals.withdrawn, telling.of_ending),
        ),
    ],
)


# --- verbs -------------------------------------------------------------------------------------


@transaction.atomic
def publish(
    *,
    kind: str,
    subject: str,
    title: str,
    area: Area,
    organization: Organization,
    by=None,
    body: str = "",
    table: Mapping | None = None,
    scope: str | None = None,
    term: Mapping | None = None,
    at: datetime | None = None,
) -> Notice:
    """Publish a notice; the same ``kind`` and ``subject`` again give the first one back.

    The window is the term of the kind's rule profile in force at the place, which is frozen;
    ``term`` ({"unit", "amount"}) may be longer, never shorter. It ends at 24:00 of ``ends_on``.
    Names in ``table`` are masked; a telephone or door anywhere is refused. Whose place it is to
    publish is for the calling app to say, except for kinds published by hand: there ``by`` needs
    the right over the place. ``by=None`` is the system; then anybody entitled may answer.
    Raises SubjectTaken, TermTooShort, NotEntitled, StillPrivate, TableRefused, Missing or
    NoProfile, with nothing written.
    """
    rules_of_kind, at = kind_of(kind), at or timezone.now()
    if (
        rules_of_kind.by_hand
        and by is not None
        and not access.rights_of(by).may(PUBLISH, area_path=area.path)
    ):
        raise NotEntitled(area)
    title, body = title.strip(), body.strip()
    if not title:
        raise Missing({"title": _("标题")})
    refuse_private(title, body)
    table = tables.clean(table, most_rows=rules_of_kind.most_rows)
    if not (body or table):
        raise Missing({"body": _("正文或明细")})
    _one_at_a_time(f"notice:{kind}:{subject}")
    there = Notice.objects.filter(kind=kind, subject=subject).exclude(state=S.WITHDRAWN).first()
    if there is not None:
        same = (there.title, there.body, there.table, there.area_id) == (
            title,
            body,
            table,
            area.pk,
        )
        if not same:
            raise SubjectTaken(there)
        return there

    starts_on = calendar.local_day(at)
    rules = profiles.in_force(rules_of_kind.profile, place=area.code, on=starts_on).freeze()
    least = rules["params"][rules_of_kind.term]
    window = term or least
    ends_on = _last_day(window, at)
    if ends_on < _last_day(least, at):
        raise TermTooShort(clocks.describe(least["unit"], least["amount"]))
    notice = Notice(
        kind=kind,
        subject=subject,
        title=title,
        body=body,
        table=table,
        scope=scope or rules_of_kind.scope,
        area=area,
        organization=organization,
        publisher=by,
        rules=rules,
        term=clocks.describe(window["unit"], window["amount"]),
        answer_term=rules_of_kind.answer,
        starts_on=starts_on,
        ends_on=ends_on,
        closes_itself=rules_of_kind.auto_close,
        published_at=at,
        due_at=calendar.end_of_day(ends_on),
    )
    flow.open(notice, by=by, verb="publish", at=at, tells=_tells(signals.published))
    return notice


def _last_day(term: Mapping, at: datetime) -> date:
    return calendar.local_day(clocks.reckon(term["unit"], term["amount"], at).due)


def _one_at_a_time(key: str) -> None:
    """Two who publish the same thing at once queue up until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


@transaction.atomic
def object(notice: Notice, *, text: str, by, at: datetime | None = None) -> Objection:
    """State an objection, once per person; the same words again give the first one back.

    Raises WrongState, WindowOver, NotAllowed (no resident of the place, the publisher, a second
    objection) or Missing.
    """
    text = text.strip()
    if not text:
        raise Missing({"text": _("异议内容")})
    Notice.objects.select_for_update().get(pk=notice.pk)
    if (mine := notice.objections.filter(objector=by, text=text).first()) is not None:
        return mine
    objection = Objection(notice=notice, objector=by, text=text)
    flow.advance(notice, "object", by=by, at=at, objection=objection)
    return objection


@transaction.atomic
def answer(
    objection: Objection,
    *,
    answer: str,
    is_accepted: bool,
    by,
    public_text: str = "",
    at: datetime | None = None,
) -> Objection:
    """Answer an objection, once. ``public_text``: what everybody reads of it (else masked).

    Never by the publisher, nor by the objector. Raises WrongState, AnsweredBefore, NotAllowed,
    StillPrivate or Missing.
    """
    from orgs import deidentify

    words = public_text.strip() or deidentify.mask(objection.text)
    flow.advance(
        objection.notice,
        "answer",
        by=by,
        at=at,
        objection=objection,
        answer=answer,
        is_accepted=is_accepted,
        public_text=words,
    )
    return objection


def close(
    notice: Notice, *, result: str, by, correction: str = "", at: datetime | None = None, **seen
) -> Notice:
    """End a notice whose window is over and whose objections are all answered.

    Closing again raises WrongState, so two at once close it once. Raises WindowOpen, MustCorrect
    (an accepted objection and no correction), NotAllowed, StillPrivate or Missing.
    """
    flow.advance(notice, "close", by=by, at=at, result=result, correction=correction, **seen)
    return notice


def withdraw(notice: Notice, *, reason: str, by, at: datetime | None = None, **seen) -> Notice:
    """Take a notice back before its end; its subject may then be published again."""
    flow.advance(notice, "withdraw", by=by, at=at, reason=reason, **seen)
    return notice


# --- the beat ----------------------------------------------------------------------------------


def close_due(now: datetime | None = None, *, most: int = 500) -> int:
    """Close what nobody objected to and whose window is over; how many there were.

    Each in its own transaction, exactly once, also after days of standing still: a person or
    another worker who was faster is met as WrongState. One that fails holds up no other.
    """
    now = now or timezone.now()
    due = Notice.objects.filter(
        state=S.PUBLISHED, closes_itself=True, ends_on__lt=calendar.local_day(now)
    ).order_by("ends_on", "pk")[:most]
    done = 0
    for notice in due:
        try:
            flow.advance(notice, "expire", by=None, at=now)
        except Refused:
            continue
        except Exception:
            logger.exception("notice %s could not be closed and stays open", notice.pk)
            continue
        done += 1
    return done


def tell_late(now: datetime | None = None, *, most: int = 500) -> int:
    """Tell of every answer owed too long, once: those who may answer and the level above."""
    now = now or timezone.now()
    key = Concat(Value(LATE_KEY), Cast(OuterRef("pk"), CharField()))
    late = (
        Objection.objects.filter(
            ~Exists(Message.objects.filter(key=key)),
            answered_at=None,
            clock__stopped_at=None,
            clock__due_at__lt=now,
        )
        .select_related("clock", "notice")
        .order_by("clock__due_at")[:most]
    )
    told = 0
    for objection in late:
        with transaction.atomic():
            telling.of_late_answer(objection, key=f"{LATE_KEY}{objection.pk}")
        told += 1
    return told
