"""One claim told in memory: the rows that the verbs of ``points.claims`` and ``batches`` leave.

Each method is named for its verb and does to the unsaved claim, its clock and its steps what the
table ``points.flow`` does; ``tests/points/test_seeding.py`` leads the same claims through the
verbs and compares every row.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from points import caps, terms
from points.models import Claim, ClaimState, Decision
from portal.seeding.points.deeds import Deed
from rules import calendar, clocks

S = ClaimState


class Told(NamedTuple):
    """A step to be."""

    verb: str
    from_state: str
    to_state: str
    actor: int | None
    at: datetime
    reason: str = ""
    clock_effect: str = ""
    data: dict = {}


@dataclass(slots=True)
class Running:
    """A clock to be: what differs from one to the next."""

    unit: str
    amount: int
    started_at: datetime
    nominal_due_at: datetime
    due_at: datetime
    profile_id: int
    stopped_at: datetime | None = None
    pk: int = 0

    @property
    def on_time(self) -> bool | None:
        return None if self.stopped_at is None else self.stopped_at <= self.due_at


class Terms:
    """The terms of a community, and when they end, reckoned once per day."""

    def __init__(self, community):
        profile = terms.at(community)
        profile.freeze()
        self.profile_id, self.params = profile.pk, profile.params
        self._words = {
            name: _("限时%(term)s") % {"term": clocks.describe(term["unit"], term["amount"])}
            for name, term in self.params.items()
            if name in {"certify", "appeal"}
        }
        self._ends: dict[tuple, clocks.Due] = {}

    def clock(self, name: str, at: datetime) -> tuple[Running, str]:
        term = self.params[name]
        key = (name, calendar.local_day(at))  # all are in working days: the hour makes no matter
        if key not in self._ends:
            self._ends[key] = clocks.reckon(term["unit"], term["amount"], at)
        nominal, due = self._ends[key]
        clock = Running(
            unit=term["unit"],
            amount=term["amount"],
            started_at=at,
            nominal_due_at=nominal,
            due_at=due,
            profile_id=self.profile_id,
        )
        return clock, self._words[name]


class Story:
    __slots__ = ("claim", "clocks", "deed", "fate", "steps", "terms")

    def __init__(self, deed: Deed, community, of: Terms, fate: str = ""):
        self.deed, self.terms, self.fate = deed, of, fate
        self.steps: list[Told] = []
        self.clocks: list[Running] = []
        self.claim = Claim(
            area_id=deed.area,
            area_path=deed.path,
            community_id=community.pk,
            rule_version=deed.version,
            person_id=deed.who.pk,
            household_id=deed.who.household,
            to_household=deed.to_household,
            partner_id=deed.partner,
            quantity=Decimal(deed.tenths) / 10,
            grade=deed.grade,
            asked=deed.asked,
            points=deed.points,
            happened_on=deed.day,
            text=deed.text,
            source=deed.source,
            source_key=deed.source_key,
            claimant_id=deed.claimant,
            claimed_at=deed.claimed_at,
            created_at=deed.claimed_at,
        )

    # --- the verbs

    def file(self) -> None:
        deed, reason = self.deed, ""
        if deed.points < deed.asked:
            reason = _("规则给 %(asked)d 分，%(cap)s，本次计 %(points)d 分") % {
                "asked": deed.asked,
                "cap": caps.describe(deed.cap),
                "points": deed.points,
            }
        words = self._start("certify", deed.claimed_at)
        self.steps.append(
            Told("file", "", S.CLAIMED, deed.claimant, deed.claimed_at, reason, words)
        )

    def certify(self, by: int, at: datetime) -> None:
        self._certify("certify", by, at)

    def vouch(self, at: datetime) -> None:
        self._certify("vouch", None, at)

    def refuse(self, by: int, at: datetime, code: str, reason: str) -> None:
        claim = self.claim
        claim.refusal_code, claim.refusal_reason, claim.refused_by_id = code, reason, by
        self._stop(at)
        words = self._start("appeal", at)
        self._step("refuse", S.REFUSED, by, at, reason, words, {"refusal_code": code})

    def withdraw(self, at: datetime) -> None:
        self._stop(at)
        self._step("withdraw", S.WITHDRAWN, self.claim.claimant_id, at)

    def collect(self, batch, at: datetime) -> None:
        self.claim.batch = batch
        self._step("collect", S.BATCHED, None, at)

    def approve(self, by: int, at: datetime) -> None:
        claim = self.claim
        claim.decision, claim.approver_id, claim.decided_at = Decision.APPROVED, by, at
        self._step("approve", claim.state, by, at)

    def turn_down(self, by: int, at: datetime, code: str, reason: str) -> None:
        claim = self.claim
        claim.decision, claim.approver_id, claim.decided_at = Decision.REFUSED, by, at
        claim.refusal_code, claim.refusal_reason = code, reason
        self._step("turn_down", claim.state, by, at, reason, "", {"refusal_code": code})

    def reject(self, by: int, at: datetime) -> None:
        self.claim.refused_by_id = self.claim.approver_id
        self._start("appeal", at)
        self._step("reject", S.REFUSED, by, at)

    def review(self, by: int, at: datetime) -> None:
        self._step("review", S.REVIEWED, by, at)

    def notice(self, by: int, at: datetime) -> None:
        self._step("notice", S.NOTICED, by, at)

    def post(self, at: datetime) -> None:
        self._step("post", S.POSTED, None, at)

    # --- behind them

    def _step(self, verb, to_state, by, at, *more) -> None:
        self.steps.append(Told(verb, str(self.claim.state), str(to_state), by, at, *more))
        self.claim.state = to_state

    def _certify(self, verb: str, by: int | None, at: datetime) -> None:
        self._stop(at)
        self.claim.certifier_id, self.claim.certified_at = by, at
        self._step(verb, S.CERTIFIED, by, at)

    def _start(self, name: str, at: datetime) -> str:
        clock, words = self.terms.clock(name, at)
        self.clocks.append(clock)
        return words

    def _stop(self, at: datetime) -> None:
        self.clocks[-1].stopped_at = at
