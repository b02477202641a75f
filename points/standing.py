"""Where a claim stands, in the words of the one it is for, and the day it moves next."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from points.models import BatchState, Claim, ClaimState
from ui.dates import day_text, local

S = ClaimState
TONES = {
    S.POSTED: "ok",
    S.REFUSED: "bad",
    S.WITHDRAWN: "plain",
    S.REVERSED: "plain",
    S.OBJECTED: "warn",
    S.APPEALED: "warn",
}
# Which of the six stations a state belongs to.
STATIONS = {
    S.CLAIMED: 2,
    S.CERTIFIED: 3,
    S.BATCHED: 3,
    S.REVIEWED: 5,
    S.NOTICED: 5,
    S.OBJECTED: 5,
    S.POSTED: 6,
}


@dataclass(frozen=True)
class Standing:
    """``words`` say where it is; ``by`` is the day by which it moves, None where none is set."""

    state: str
    tone: str
    words: str
    by: date | None
    station: int | None

    @property
    def when(self) -> str:
        return _("最晚%(day)s") % {"day": day_text(self.by)} if self.by else ""


def stations() -> list[str]:
    return [_("申报"), _("认证"), _("审批"), _("审议"), _("公示"), _("入账")]


def of(claim: Claim, *, today: date | None = None) -> Standing:
    """Needs the claim's clock, batch with notice and rule version fetched along."""
    words, by = _words(claim, today or timezone.localdate())
    state = ClaimState(claim.state)
    station = STATIONS.get(state)
    if claim.state == S.BATCHED and claim.batch.state == BatchState.REVIEWING:
        station = 4
    return Standing(str(state.label), TONES.get(state, "info"), words, by, station)


def _due(claim: Claim) -> date | None:
    if claim.clock is None or claim.clock.due_at is None:
        return None
    return local(claim.clock.due_at).date()


def may_still_appeal(claim: Claim, now=None) -> bool:
    if claim.state != S.REFUSED or claim.has_appealed:
        return False
    return claim.clock is None or (now or timezone.now()) <= claim.clock.due_at


def _words(claim: Claim, today: date) -> tuple[str, date | None]:
    match ClaimState(claim.state):
        case S.CLAIMED:
            label = claim.rule_version.certifier_label
            return _("等%(who)s认证") % {"who": label}, _due(claim)
        case S.CERTIFIED:
            after = _next_month(claim.happened_on)
            if after > today:
                return _("已认证，月底汇总进当月名单"), after
            return _("已认证，等汇总进下一批名单"), _next_month(today)
        case S.BATCHED:
            if claim.batch.state == BatchState.REVIEWING:
                return _("社区审批过了，等积分小组审议"), None
            return _("已汇总进名单，等社区审批"), None
        case S.REVIEWED:
            return _("积分小组审议通过，等待公示"), None
        case S.NOTICED | S.OBJECTED:
            return _in_public(claim)
        case S.APPEALED:
            return _("申诉已收到，等答复"), _due(claim)
        case S.REFUSED:
            if may_still_appeal(claim):
                return _("没有通过，可以申诉一次"), _due(claim)
            return _("没有通过"), None
        case S.POSTED:
            return _("已记入账户"), None
        case S.WITHDRAWN:
            return _("您已撤回"), None
        case S.REVERSED:
            return _("入账后发现有误，已冲正"), None


def _in_public(claim: Claim) -> tuple[str, date | None]:
    batch = claim.batch
    if batch.state == BatchState.POSTING:
        if batch.problem:
            return _("公示已经结束，预算不足，暂缓入账"), None
        return _("公示已经结束，正在入账"), None
    ends_on = batch.notice.ends_on if batch.notice else None
    if claim.state == S.OBJECTED:
        return _("公示中有人提出异议，正在核对"), ends_on
    return _("公示中，期满没有异议就入账"), ends_on


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
