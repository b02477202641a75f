"""A month's claims of a community: collected, decided, reviewed, noticed, posted.

    collecting → deciding → reviewing → noticed → (objected) → posting → posted

Many claims are moved at once, in a number of statements that does not grow with them. Decisions
may be taken back until they are closed; only then are people told. Posting goes in chunks, each
one transaction, and may be interrupted and repeated at will.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.models import Area, Organization, OrganizationKind
from points import budgets, panel, telling, terms, who
from points.flow import flow as claim_flow
from points.models import (
    Batch,
    BatchState,
    Claim,
    ClaimState,
    Decision,
    NameChoice,
    RefusalCode,
    Signature,
)
from points.moving import move, start_clocks
from publicity import notices
from publicity.models import Notice, NoticeState, Objection, Result
from rules import calendar, clocks
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, Transition, Workflow, WrongState, system
from ui.dates import day_text

logger = logging.getLogger(__name__)

KIND = "points"
SUBJECT = "points-batch:"
C = ClaimState


class Undecided(Refused):
    def __init__(self, count: int):
        self.count = count
        super().__init__(_("还有 %(count)d 项没有审批") % {"count": count})


class NothingToPublish(Refused):
    def __init__(self):
        super().__init__(_("这一批没有可以公示的积分"))


class NoPublisher(Refused):
    def __init__(self, area: Area):
        super().__init__(_("%(name)s没有居民委员会，不能公示") % {"name": area.name})


class CorrectionMissing(Refused):
    def __init__(self):
        super().__init__(_("结果选“已更正”，但这一批没有更正过任何一项"))


class CorrectionUnsaid(Refused):
    def __init__(self):
        super().__init__(_("这一批有更正，结果须为“已更正”并写明更正内容"))


class NotEnded(Refused):
    """What stands against ending the notice of a batch, all of it."""

    def __init__(self, reasons: list[str]):
        self.reasons = reasons
        super().__init__("".join(f"{reason}。" for reason in reasons))


@dataclass
class Ending:
    """How the notice of a batch would end now: what stands against it, or what it will say."""

    against: list[str] = field(default_factory=list)
    correction: str = ""


@dataclass
class Decided:
    """Claims decided, and those the person had to leave to others, with why."""

    done: list[int] = field(default_factory=list)
    aside: list[tuple[int, str]] = field(default_factory=list)


# --- effects -------------------------------------------------------------------------------------


def _after_decisions(batch, move_):
    some = batch.claims.filter(state=C.BATCHED, decision=Decision.APPROVED).exists()
    return B.REVIEWING if some else B.POSTED


def _close_decisions(batch, move_):
    undecided = batch.claims.filter(state=C.BATCHED, decision="").count()
    if undecided:
        raise Undecided(undecided)
    batch.closed_by, batch.closed_at = move_.by, move_.at
    if move_.to_state == B.POSTED:
        batch.posted_at = move_.at
    refused = list(
        batch.claims.filter(state=C.BATCHED, decision=Decision.REFUSED)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    move(refused, "reject", by=move_.by, at=move_.at, refused_by=F("approver"))
    if refused:
        start_clocks(refused, terms.at(batch.area), "appeal", move_.at)


def _tell_of_decisions(batch, move_):
    refused = batch.claims.filter(state=C.REFUSED, decision=Decision.REFUSED)
    telling.of_batch_refusals(batch, refused.select_related("person", "clock", "rule_version"))
    if batch.state == B.REVIEWING:
        telling.of_batch_to_sign(batch, move_)


def _sign(batch, move_):
    seat = who.seats_of(move_.by)[batch.area_id]
    agrees, opinion = bool(move_.data["agrees"]), (move_.data.get("opinion") or "").strip()
    if not agrees and not opinion:
        raise Missing({"opinion": _("意见")})
    Signature.objects.create(
        batch=batch,
        member=seat,
        person=move_.by,
        role=seat.role,
        agrees=agrees,
        opinion=opinion[:300],
        at=move_.at,
    )
    waiting = list(panel.approved(batch).filter(state=C.BATCHED).select_for_update(of=("self",)))
    wanted = terms.at(batch.area).params["panel"]
    standings = panel.standings(batch, waiting)
    passed = [claim for claim in waiting if not standings[claim.pk].lacks(wanted)]
    move(passed, "review", by=move_.by, at=move_.at)


def _send_back(batch, move_):
    batch.closed_by = batch.closed_at = None
    batch.signatures.filter(is_void=False).update(is_void=True)
    reviewed = batch.claims.filter(state=C.REVIEWED).select_for_update(of=("self",))
    move(reviewed.order_by("pk"), "reopen", by=move_.by, at=move_.at, reason=move_.reason)


def _publish(batch, move_):
    claims = list(
        panel.approved(batch)
        .select_related("person", "rule_version")
        .select_for_update(of=("self",))
    )
    if not claims:
        raise NothingToPublish
    if lacking := panel.lacking(batch):
        raise panel.NotReviewed(lacking)
    budgets.check(batch.area, sum(claim.points for claim in claims), without_batch=batch.pk)
    batch.organization = batch.organization or committee_of(batch.area)
    move(claims, "notice", by=move_.by, at=move_.at)
    batch.notice = notices.publish(
        kind=KIND,
        subject=f"{SUBJECT}{batch.pk}",
        **notice_words(batch),
        table=public_table(claims),
        area=batch.area,
        organization=batch.organization,
        by=move_.by,
        at=move_.at,
    )


def notice_words(batch) -> dict[str, str]:
    return {
        "title": _("%(year)d年%(month)d月积分公示")
        % {"year": batch.month.year, "month": batch.month.month},
        "body": _(
            "积分小组已审议。对名单有不同意见的，请在公示期内写明编号提出异议。"
            "姓名已遮盖，要求不显示姓名的只列编号。"
        ),
    }


def committee_of(community: Area) -> Organization:
    found = Organization.objects.open().filter(
        kind=OrganizationKind.RESIDENTS_COMMITTEE, area=community
    )
    if (committee := found.order_by("pk").first()) is None:
        raise NoPublisher(community)
    return committee


def public_table(claims: Iterable[Claim]) -> dict:
    """What everybody reads: number, masked name, deed, points. Never a household's door."""
    claims = list(claims)
    hidden = {
        choice.person_id
        for choice in NameChoice.objects.filter(person__in={claim.person_id for claim in claims})
        if choice.shows_number_only
    }
    day = timezone.localdate()
    hidden |= {claim.person_id for claim in claims if who.may_be_minor(claim.person, day)}
    return {
        "columns": [_("编号"), _("姓名"), _("行为"), _("积分")],
        "rows": [
            [
                claim.pk,
                "—" if claim.person_id in hidden else claim.person.name_masked,
                claim.rule_version.title,
                claim.points,
            ]
            for claim in claims
        ],
    }


def _take_down(batch, move_):
    batch.notice = None
    shown = batch.claims.filter(state__in=[C.NOTICED, C.OBJECTED]).select_for_update(of=("self",))
    move(shown.order_by("pk"), "take_down", at=move_.at, reason=move_.reason)


def _dissolve(batch, move_):
    """Claims that are not refused by now wait for the next batch; nothing of it is decided."""
    waiting = batch.claims.filter(state__in=[C.BATCHED, C.REVIEWED]).select_for_update(of=("self",))
    _to_next(waiting.order_by("pk"), by=None, at=move_.at, reason=move_.reason)
    batch.posted_at = move_.at


def _to_next(claims, *, by, at, reason: str) -> int:
    return move(
        claims,
        "carry",
        by=by,
        at=at,
        reason=reason,
        batch=None,
        decision="",
        approver=None,
        decided_at=None,
        refusal_code="",
        refusal_reason="",
    )


def _finish(batch, move_):
    batch.posted_at, batch.problem = move_.at, ""


# --- the table -----------------------------------------------------------------------------------

B = BatchState
L = gettext_lazy
flow = Workflow(
    "batch",
    step_model="points.BatchStep",
    transitions=[
        Transition(
            "decide",
            (B.COLLECTING,),
            B.DECIDING,
            who=who.collects,
            label=L("结束收集，开始审批"),
            tells=telling.of_batch_to_decide,
        ),
        Transition(
            "close_decisions",
            (B.COLLECTING, B.DECIDING),
            _after_decisions,
            who=who.over_batch,
            label=L("结束审批，提交审议"),
            tone="main",
            effect=_close_decisions,
            tells=_tell_of_decisions,
            targets=(B.REVIEWING, B.POSTED),
        ),
        Transition(
            "sign",
            (B.REVIEWING,),
            None,
            who=who.signs,
            needs=(("agrees", L("意见")),),
            label=L("签署审议意见"),
            tone="main",
            effect=_sign,
        ),
        Transition(
            "send_back",
            (B.REVIEWING,),
            B.DECIDING,
            who=who.over_batch,
            needs=(("reason", L("原因")),),
            label=L("退回审批"),
            help=L("已签署的意见作废，改好后重新审议"),
            effect=_send_back,
        ),
        Transition(
            "publish",
            (B.REVIEWING,),
            B.NOTICED,
            who=who.over_batch,
            label=L("公示"),
            tone="main",
            effect=_publish,
        ),
        Transition(
            "dissolve",
            (B.COLLECTING, B.DECIDING, B.REVIEWING),
            B.POSTED,
            who=system,
            label=L("社区合并，申报转入新批次"),
            effect=_dissolve,
        ),
        Transition(
            "object",
            (B.NOTICED, B.OBJECTED),
            B.OBJECTED,
            who=system,
            label=L("收到异议"),
            tells=telling.of_batch_objection,
        ),
        Transition(
            "take_down",
            (B.NOTICED, B.OBJECTED),
            B.REVIEWING,
            who=system,
            label=L("公示撤回"),
            effect=_take_down,
        ),
        Transition(
            "pay",
            (B.NOTICED, B.OBJECTED),
            B.POSTING,
            who=system,
            label=L("公示结束，开始入账"),
        ),
        Transition(
            "finish",
            (B.POSTING,),
            B.POSTED,
            who=system,
            label=L("全部入账"),
            effect=_finish,
            tells=telling.of_batch_posted,
        ),
    ],
)


# --- collecting ----------------------------------------------------------------------------------


def last_month(now: datetime | None = None) -> date:
    """The first day of the last month that is over."""
    today = calendar.local_day(now or timezone.now())
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


@transaction.atomic
def open(community: Area, month: date, *, at: datetime | None = None) -> Batch | None:
    """The batch of a month, with every certified claim of up to that month; None without any.

    Running twice takes what was certified meanwhile; a batch past collecting is left as it is.
    """
    at = at or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"points-batch:{community.pk}:{month}"],
        )
    batch = Batch.objects.filter(area=community, month=month).first()
    if batch is not None and batch.state != B.COLLECTING:
        return batch
    claims = list(
        Claim.objects.filter(community=community, state=C.CERTIFIED, happened_on__lt=_after(month))
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if batch is None:
        if not claims:
            return None
        batch = Batch(area=community, month=month)
        flow.open(batch, by=None, at=at)
    move(claims, "collect", at=at, batch=batch)
    return batch


def open_due(now: datetime | None = None) -> int:
    """Open or fill the batch of the last month wherever claims wait; how many communities."""
    now = now or timezone.now()
    month = last_month(now)
    waiting = (
        Claim.objects.filter(state=C.CERTIFIED, happened_on__lt=_after(month))
        .order_by("community")
        .values_list("community", flat=True)
        .distinct()
    )
    opened = 0
    for community in Area.objects.filter(pk__in=list(waiting)):
        try:
            open(community, month, at=now)
        except Exception:
            logger.exception("the batch of %s for %s could not be opened", community, month)
            continue
        opened += 1
    return opened


def decide_due(now: datetime | None = None) -> int:
    """Collecting ends when the last deed of the month could have been certified in time."""
    now = now or timezone.now()
    started = 0
    for batch in Batch.objects.filter(state=B.COLLECTING).select_related("area"):
        term = terms.at(batch.area).params["certify"]
        end = calendar.end_of_day(_after(batch.month) - timedelta(days=1))
        if now <= clocks.reckon(term["unit"], term["amount"], end).due:
            continue
        try:
            flow.advance(batch, "decide", by=None, at=now)
        except WrongState:
            continue
        started += 1
    return started


# --- deciding ------------------------------------------------------------------------------------


def approve(batch: Batch, claim_ids: Iterable[int], *, by, at: datetime | None = None) -> Decided:
    """Approve many. What concerns ``by`` stays undecided and is named in ``aside``.

    Raises WrongState (decisions are closed) or NotAllowed (no right, or aside from all of them).
    """
    return _decide(
        batch, claim_ids, "approve", by=by, at=at, decision=Decision.APPROVED, code="", reason=""
    )


def refuse(
    batch: Batch,
    claim_ids: Iterable[int],
    *,
    refusal_code: str,
    reason: str,
    by,
    at: datetime | None = None,
) -> Decided:
    """Refuse many, with a reason; their people are told when decisions are closed."""
    missing = {}
    if refusal_code not in RefusalCode.values:
        missing["refusal_code"] = _("理由")
    if not reason.strip():
        missing["reason"] = _("给申报人的说明")
    if missing:
        raise Missing(missing)
    return _decide(
        batch,
        claim_ids,
        "turn_down",
        by=by,
        at=at,
        decision=Decision.REFUSED,
        code=refusal_code,
        reason=reason.strip()[:300],
    )


def undo(batch: Batch, claim_ids: Iterable[int], *, by, at: datetime | None = None) -> Decided:
    """Take decisions back, until they are closed."""
    return _decide(batch, claim_ids, "undo", by=by, at=at, decision="", code="", reason="")


@transaction.atomic
def _decide(batch, claim_ids, verb, *, by, at, decision, code, reason) -> Decided:
    at = at or timezone.now()
    _lock(batch, verb, by, states=(B.COLLECTING, B.DECIDING))
    found = batch.claims.filter(pk__in=list(claim_ids), state=C.BATCHED).exclude(
        decision=decision, refusal_code=code, refusal_reason=reason
    )
    result, ready = Decided(), []
    for claim in found.select_for_update(of=("self",)).order_by("pk"):
        claim.community = batch.area
        why = who.decides(claim, by)
        if why is True:
            ready.append(claim)
        else:
            result.aside.append((claim.pk, why or _("您不能审批这一项")))
    if not ready and result.aside:
        raise NotAllowed(verb=verb, label=_label(verb), reason=result.aside[0][1])
    decided = decision != ""
    move(
        ready,
        verb,
        by=by,
        at=at,
        reason=reason,
        data={"refusal_code": code} if code else None,
        decision=decision,
        approver=by if decided else None,
        decided_at=at if decided else None,
        refusal_code=code,
        refusal_reason=reason,
    )
    result.done = [claim.pk for claim in ready]
    return result


def _label(verb: str) -> str:
    return next(row.text for row in claim_flow.transitions if row.verb == verb)


def _lock(batch: Batch, verb: str, by, *, states) -> None:
    batch.refresh_from_db(from_queryset=Batch.objects.select_for_update(of=("self",)))
    if batch.state not in states:
        state = batch.get_state_display()
        raise WrongState(verb=verb, label=_label(verb), state=batch.state, state_label=state)
    if not who.over_batch(batch, by):
        raise NotAllowed(verb=verb, label=_label(verb))


@transaction.atomic
def carry(
    batch: Batch, claim_ids: Iterable[int], *, reason: str, by, at: datetime | None = None
) -> int:
    """Leave claims to the next batch (signatures missing, something to look into)."""
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    _lock(batch, "carry", by, states=(B.COLLECTING, B.DECIDING, B.REVIEWING))
    found = batch.claims.filter(pk__in=list(claim_ids), state__in=[C.BATCHED, C.REVIEWED])
    claims = found.select_for_update(of=("self",)).order_by("pk")
    return _to_next(claims, by=by, at=at, reason=reason.strip())


def dissolve(batch: Batch, *, reason: str, at: datetime | None = None) -> Batch:
    """Its community goes up in another: the batch is over, its claims wait for the next one there.

    Raises WrongState for one that is under notice or being posted.
    """
    flow.advance(batch, "dissolve", by=None, at=at, reason=reason)
    return batch


def start_deciding(batch: Batch, *, by, at: datetime | None = None) -> Batch:
    flow.advance(batch, "decide", by=by, at=at)
    return batch


def close_decisions(batch: Batch, *, by, at: datetime | None = None, **seen) -> Batch:
    """Decisions are final; those refused are told, with one appeal. Raises Undecided.

    A batch in which nothing was approved is done.
    """
    flow.advance(batch, "close_decisions", by=by, at=at, **seen)
    return batch


def send_back(batch: Batch, *, reason: str, by, at: datetime | None = None) -> Batch:
    """The group has doubts: decide again. Signatures so far no longer count."""
    flow.advance(batch, "send_back", by=by, at=at, reason=reason)
    return batch


# --- review and notice ---------------------------------------------------------------------------


def sign(
    batch: Batch, *, by, agrees: bool = True, opinion: str = "", at: datetime | None = None
) -> Batch:
    """A member of the points group signs, once. Disagreeing needs words and counts for nothing.

    Claims with enough signatures of people without a part in them are reviewed by it.
    """
    flow.advance(batch, "sign", by=by, at=at, agrees=agrees, opinion=opinion)
    return batch


def publish(batch: Batch, *, by, at: datetime | None = None, **seen) -> Batch:
    """Hang the list out for the term of the place.

    Raises NotReviewed (says what is missing), OverBudget, NothingToPublish or NoPublisher.
    """
    flow.advance(batch, "publish", by=by, at=at, **seen)
    return batch


@transaction.atomic
def contest(batch: Batch, claim_ids: Iterable[int], *, by=None, at: datetime | None = None) -> int:
    """Mark the claims an objection is about. By hand, or by the numbers named in its words."""
    if by is not None:
        _lock(batch, "contest", by, states=(B.OBJECTED,))
    found = batch.claims.filter(pk__in=list(claim_ids), state=C.NOTICED)
    return move(found.select_for_update(of=("self",)).order_by("pk"), "contest", by=by, at=at)


_NUMBERED = re.compile(r"编号\s*[:：为是]?\s*((?:\d{1,15}[、,，和及\s]*)+)|(\d{1,15})\s*号")


def numbers_in(text: str) -> list[int]:
    """Numbers of the list that an objection names: “编号12、13”, “12号”; no hours, no points."""
    found = []
    for after, before in _NUMBERED.findall(text):
        found += [int(number) for number in re.findall(r"\d+", after or before)]
    return found


@transaction.atomic
def correct(
    claim: Claim,
    *,
    by,
    reason: str,
    points: int | None = None,
    refusal_code: str = "",
    at: datetime | None = None,
) -> Claim:
    """While the batch has an objection: fewer ``points``, or none at all with ``refusal_code``.

    Raises NoObjection, NotLower, NotAllowed or Missing. The person is told; who loses all may
    appeal.
    """
    # The notice cannot end meanwhile.
    Batch.objects.select_for_update(of=("self",)).get(pk=claim.batch_id)
    if refusal_code:
        claim_flow.advance(claim, "strike", by=by, at=at, reason=reason, refusal_code=refusal_code)
    else:
        claim_flow.advance(claim, "correct", by=by, at=at, reason=reason, points=points)
    return claim


def _corrected(batch) -> QuerySet[Claim]:
    return Claim.objects.filter(batch=batch, is_corrected=True).order_by("pk")


def corrections(batch: Batch) -> list[Claim]:
    return list(_corrected(batch))


def correction_text(claims: Iterable[Mapping]) -> str:
    """What the notice says at its end of claims ({"pk", "state", "points"}): no names."""
    lines = []
    for claim in claims:
        if claim["state"] == C.REFUSED:
            lines.append(_("编号%(n)d：不予积分") % {"n": claim["pk"]})
        else:
            lines.append(
                _("编号%(n)d：更正为%(points)d分") % {"n": claim["pk"], "points": claim["points"]}
            )
    return "；".join(lines)


def ending(batch: Batch, *, by, at: datetime | None = None) -> Ending | None:
    """Whether ``by`` may end the notice of ``batch`` now; None where there is none to end.

    One query, whatever the size of the batch.
    """
    notice = batch.notice
    if notice is None or not notice.is_open:
        return None
    against = []
    if calendar.local_day(at or timezone.now()) <= notice.ends_on:
        last = day_text(notice.ends_on)
        against.append(_("公示到%(day)s为止，期满后才能结束") % {"day": last})
    row = notices.flow.transition("close", NoticeState.PUBLISHED)
    if (refused := row.refuses(notice, by)) is not None:
        against.append(refused or _("您没有结束公示的权限"))
    waiting, accepts, corrected = _objections(batch)
    if waiting:
        text = _("还有 %(count)d 条异议没有答复，全部答复后才能结束")
        against.append(text % {"count": len(waiting)})
    correction = correction_text(corrected)
    if accepts and not correction:
        against.append(_("有异议已被采纳，但还没有更正任何一项，请先更正"))
    return Ending(against=against, correction=correction)


def _objections(batch: Batch) -> tuple[list[int], bool, list[dict]]:
    """Objections not answered, whether one was accepted, and the claims corrected so far."""
    about = Objection.objects.filter(notice=OuterRef("notice"))
    said = JSONObject(pk="pk", state="state", points="points")
    return Batch.objects.values_list(
        ArraySubquery(about.filter(answered_at=None).values("pk")),
        Exists(about.filter(is_accepted=True)),
        ArraySubquery(_corrected(OuterRef("pk")).values(said=said)),
    ).get(pk=batch.pk)


@transaction.atomic
def close_notice(batch: Batch, *, by, at: datetime | None = None) -> Notice:
    """End the notice after its window, upheld or corrected as the claims were; posting follows.

    Raises NotEnded with all that stands against it, or WrongState once it has ended.
    """
    # The notice first, as objecting and withdrawing do; then the batch, so that nobody corrects
    # between the words and the end.
    batch.notice = Notice.objects.select_for_update().get(pk=batch.notice_id)
    Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    found = ending(batch, by=by, at=at)
    if found is not None and found.against:
        raise NotEnded(found.against)
    text = found.correction if found is not None else ""
    result = Result.CORRECTED if text else Result.UPHELD
    return notices.close(batch.notice, result=result, correction=text, by=by, at=at)


# --- what publicity tells us ---------------------------------------------------------------------


def batch_of(notice: Notice) -> Batch | None:
    if notice.kind != KIND or not notice.subject.startswith(SUBJECT):
        return None
    return Batch.objects.filter(pk=int(notice.subject.removeprefix(SUBJECT))).first()


def on_objected(sender, notice, move, **_more) -> None:
    if (batch := batch_of(notice)) is None:
        return
    objection = move.data["objection"]
    flow.advance(batch, "object", by=None, at=move.at, objection_id=objection.pk)
    contest(batch, numbers_in(objection.text), at=move.at)


def on_closed(sender, notice, move, **_more) -> None:
    if (batch := batch_of(notice)) is None:
        return
    corrected = bool(corrections(batch))
    if notice.result == Result.CORRECTED and not corrected:
        raise CorrectionMissing
    if notice.result == Result.UPHELD and corrected:
        raise CorrectionUnsaid
    flow.advance(batch, "pay", by=None, at=move.at)
    if telling.is_silent():
        return  # a seed posts by itself
    from points.tasks import post_batch

    transaction.on_commit(lambda: post_batch.delay(batch.pk), robust=True)


def on_withdrawn(sender, notice, move, **_more) -> None:
    if (batch := batch_of(notice)) is not None:
        flow.advance(batch, "take_down", by=None, at=move.at, reason=move.reason)
