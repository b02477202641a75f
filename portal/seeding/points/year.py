"""The batches of the year that are over: decided, reviewed, noticed and paid, told in memory.

What a month was worth is laid down before (``shares``), so the year adds up to the point.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import CategoryGroup, Issue
from points import accounts, batches, ledger
from points.models import (
    Batch,
    BatchState,
    BatchStep,
    Claim,
    PanelMember,
    Signature,
    TransferKind,
)
from portal.seeding.issues import moments
from portal.seeding.points import writing
from portal.seeding.points.cast import Cast, Place
from portal.seeding.points.deeds import Months, Report
from portal.seeding.points.story import Story, Terms, Told
from portal.seeding.points.texts import REFUSALS, TURNED_DOWN
from publicity import notices, tables
from publicity.models import Notice, NoticeState, NoticeStep, Result
from rules import clocks, profiles
from rules.calendar import Days

ANALYZE_AFTER = {0, 8, 30}  # sets that were posted
REFUSED, TURNED, WITHDRAWN, WAITS = "refused", "turned_down", "withdrawn", "waits"


def after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


@dataclass
class Timeline:
    """When the steps of a month's batch are: by the timers, and in the first working days after."""

    open_at: datetime
    decide_at: datetime
    decided_at: list[datetime]
    close_at: datetime
    signed_at: list[datetime]
    publish_at: datetime
    ends_on: date
    pay_at: datetime
    finish_at: datetime

    @classmethod
    def of(cls, month: date, days: Days, rng, terms: Terms) -> "Timeline":
        first, last = after(month), after(month) - timedelta(days=1)

        def working(n: int, clock: time) -> datetime:
            return moments.at(days.add_days(last, n), clock)

        minute = rng.randint(0, 9)
        collecting = terms.params["certify"]["amount"]
        publish_at = working(collecting + 4, time(16, 20 + minute, rng.randint(0, 59)))
        notice = terms.params[notices.kind_of(batches.KIND).term]
        ends_on = timezone.localdate(
            clocks.reckon(notice["unit"], notice["amount"], publish_at).due
        )
        pay_at = moments.at(ends_on + timedelta(days=1), time(0, minute, 7))
        return cls(
            open_at=moments.at(first, time(0, minute, 4)),
            decide_at=working(collecting, time(17, 30 + minute, 5)),
            decided_at=sorted(
                working(collecting + rng.choice([1, 2]), time(hour, rng.randint(0, 59)))
                for hour in (9, 10, 11, 14, 15)
            ),
            close_at=working(collecting + 2, time(16, rng.randint(5, 50), 12)),
            signed_at=sorted(
                working(collecting + 3 + (number > 2), time(9 + number, rng.randint(0, 59), 31))
                for number in range(5)
            ),
            publish_at=publish_at,
            ends_on=ends_on,
            pay_at=pay_at,
            finish_at=pay_at + timedelta(seconds=rng.randint(40, 90)),
        )


@dataclass
class Month:
    """A month of a community: its stories, and the batch when that is over."""

    place: Place
    month: date
    times: Timeline
    terms: Terms
    stories: list[Story] = field(default_factory=list)
    batch: Batch | None = None
    steps: list[Told] = field(default_factory=list)

    @property
    def paid(self) -> list[Story]:
        return [story for story in self.stories if story.claim.state == "noticed"]


class Teller:
    def __init__(self, cast: Cast, months: Months, rng, days: Days, now: datetime):
        self.cast, self.months, self.rng, self.days, self.now = cast, months, rng, days, now
        self._terms: dict[int, Terms] = {}

    # --- deeds and their certifying

    def month(self, place: Place, month: date, target: int, *, until=None) -> Month:
        """What was done for ``target`` points, certified; some of what was not to be, besides."""
        told = self.empty(place, month)
        fates = [(deed, "") for deed in self.months.tell(place, month, target, until=until)]
        count = len(fates) // 36 + (self.rng.random() < len(fates) % 36 / 36)
        for deed in self.months.more(place, month, count, until=until):
            fates.append((deed, self.rng.choice([REFUSED, REFUSED, TURNED, TURNED, WITHDRAWN])))
        for deed, fate in fates:
            story = Story(deed, place.area, told.terms, fate)
            told.stories.append(story)
            self.certify(told, story)
        return told

    def empty(self, place: Place, month: date) -> Month:
        return Month(place, month, self.times(place, month), self._terms_of(place))

    def times(self, place: Place, month: date) -> Timeline:
        return Timeline.of(month, self.days, self.rng, self._terms_of(place))

    def _terms_of(self, place: Place) -> Terms:
        if place.area.pk not in self._terms:
            self._terms[place.area.pk] = Terms(place.area)
        return self._terms[place.area.pk]

    def certify(self, told: Month, story: Story) -> None:
        """File it, and have it certified when that is not ahead."""
        deed, rng, fate = story.deed, self.rng, story.fate
        story.file()
        if fate == WAITS:
            return
        if fate == WITHDRAWN and deed.claimant:
            at = deed.claimed_at + timedelta(minutes=rng.randint(9, 400))
            if at < min(self.now, told.times.decide_at):
                story.withdraw(at)
            return
        if not deed.version.certifiers:
            story.vouch(deed.claimed_at)
            return
        # In the first of three working days mostly; now and then somebody had to be reminded.
        [wait] = rng.choices([1, 2, 3, 5], [60, 28, 10, 2])
        day = self.days.add_days(timezone.localdate(deed.claimed_at), wait)
        at = moments.at(day, time(rng.choice([9, 10, 11, 14, 15, 16]), rng.randint(0, 59), 41))
        latest = told.times.decide_at - timedelta(minutes=rng.randint(20, 90))
        at = max(min(at, latest), deed.claimed_at + timedelta(minutes=4))
        if at >= self.now:
            return
        if fate == REFUSED:
            story.refuse(deed.certifier, at, *rng.choice(REFUSALS))
            return
        story.certify(deed.certifier, at)

    # --- a batch that is over

    def close(self, told: Month) -> None:
        """The rest of the way for all that was certified, and the rows of the batch itself."""
        place, times, rng = told.place, told.times, self.rng
        committee = batches.committee_of(place.area)
        batch = told.batch = Batch(
            area=place.area,
            area_path=place.area.path,
            month=told.month,
            state=BatchState.POSTED,
            organization=committee,
            closed_by_id=place.secretary,
            closed_at=times.close_at,
            posted_at=times.finish_at,
            created_at=times.open_at,
        )
        self._tell_batch(told)
        for story in told.stories:
            if story.claim.state != "certified":
                continue
            moment = max(times.open_at, tick_after(story.claim.certified_at))
            story.collect(batch, moment)
            at = rng.choice(times.decided_at)
            if story.fate == TURNED:
                story.turn_down(story.deed.approver, at, *rng.choice(TURNED_DOWN))
                story.reject(place.secretary, times.close_at)
                continue
            story.approve(story.deed.approver, at)
            story.review(place.panel[2], times.signed_at[2])
            story.notice(place.secretary, times.publish_at)

    def _tell_batch(self, told: Month) -> None:
        times, secretary = told.times, told.place.secretary
        told.steps = [
            Told("open", "", "collecting", None, times.open_at),
            Told("decide", "collecting", "deciding", None, times.decide_at),
            Told("close_decisions", "deciding", "reviewing", secretary, times.close_at),
            *(
                Told("sign", "reviewing", "reviewing", pk, at, data={"agrees": True, "opinion": ""})
                for pk, at in zip(told.place.panel, times.signed_at, strict=False)
            ),
            Told("publish", "reviewing", "noticed", secretary, times.publish_at),
            Told("pay", "noticed", "posting", None, times.pay_at),
            Told("finish", "posting", "posted", None, times.finish_at),
        ]


def tick_after(moment: datetime) -> datetime:
    """The timer comes every ten minutes."""
    local = timezone.localtime(moment)
    return local.replace(minute=local.minute // 10 * 10, second=4) + timedelta(minutes=10)


# --- into rows -----------------------------------------------------------------------------------


def write(
    cast: Cast, told: list[Month], events: list[tuple[datetime, Callable[[], object]]]
) -> list[Story]:
    """Everything of these months; batches that are over are paid, in the order of time.

    ``events``: what else moved points meanwhile (openings, deductions), and when. Gives the
    stories in the order of their claims.
    """
    stories = [story for one in told for story in one.stories]
    stories.sort(key=lambda story: story.claim.claimed_at)
    writing.give_keys(Claim, [story.claim for story in stories])
    over = [one for one in told if one.batch is not None]
    writing.give_keys(Batch, [one.batch for one in over])
    cast.read(story.claim.person_id for one in over for story in one.paid)
    for story in stories:
        if story.claim.person_id in cast.people:
            story.claim.person = cast.people[story.claim.person_id]
    _write_notices(over)
    writing.copy_in(Batch, [one.batch for one in over])
    rows = [(one.batch.pk, step) for one in over for step in one.steps]
    writing.write_steps(BatchStep, "batch_id", rows)
    _write_signatures(over)
    _pay(over, events)
    writing.write_claims(stories)
    return stories


def _write_notices(over: list[Month]) -> None:
    kind = notices.kind_of(batches.KIND)
    rules: dict[int, dict] = {}
    rows, steps = [], []
    for one in over:
        batch, times = one.batch, one.times
        if batch.area_id not in rules:
            found = profiles.in_force(kind.profile, place=batch.area.code, on=times.ends_on)
            rules[batch.area_id] = found.freeze()
        frozen = rules[batch.area_id]
        term = frozen["params"][kind.term]
        batch.notice = Notice(
            kind=kind.code,
            subject=f"{batches.SUBJECT}{batch.pk}",
            **batches.notice_words(batch),
            table=tables.clean(
                batches.public_table(story.claim for story in sorted(one.paid, key=_key)),
                most_rows=kind.most_rows,
            ),
            scope=kind.scope,
            area=batch.area,
            area_path=batch.area_path,
            organization=batch.organization,
            publisher_id=batch.closed_by_id,
            rules=frozen,
            term=clocks.describe(term["unit"], term["amount"]),
            answer_term=kind.answer,
            starts_on=timezone.localdate(times.publish_at),
            ends_on=times.ends_on,
            closes_itself=kind.auto_close,
            published_at=times.publish_at,
            created_at=times.publish_at,
            state=NoticeState.CLOSED,
            closed_at=times.pay_at,
            result=Result.UPHELD,
        )
        rows.append(batch.notice)
        steps += [
            (batch.notice, Told("publish", "", "published", batch.closed_by_id, times.publish_at)),
            (batch.notice, Told("expire", "published", "closed", None, times.pay_at)),
        ]
    writing.copy_in(Notice, rows)
    writing.write_steps(NoticeStep, "notice_id", [(notice.pk, step) for notice, step in steps])
    for one in over:
        one.batch.notice = one.batch.notice  # its key is there now


def _key(story: Story) -> int:
    return story.claim.pk


def _write_signatures(over: list[Month]) -> None:
    seats = {
        (seat.area_id, seat.person_id): seat
        for seat in PanelMember.objects.filter(area__in={one.batch.area_id for one in over})
    }
    Signature.objects.bulk_create(
        Signature(
            batch=one.batch,
            member=seats[one.batch.area_id, step.actor],
            person_id=step.actor,
            role=seats[one.batch.area_id, step.actor].role,
            agrees=True,
            at=step.at,
        )
        for one in over
        for step in one.steps
        if step.verb == "sign"
    )


def _pay(over: list[Month], events: list[tuple[datetime, Callable[[], object]]]) -> None:
    """Batches and whatever else there was, in the order of time."""
    wallets = _Wallets(over)

    def paying(one: Month) -> Callable[[], None]:
        def pay() -> None:
            paid = one.paid
            answers = ledger.post_many(_payment(one, paid, wallets))
            for story, answer in zip(paid, answers, strict=True):
                story.claim.transfer_id = answer.transfer_id
                story.post(one.times.finish_at)

        return pay

    events = [*events, *((one.times.finish_at, paying(one)) for one in over)]
    for number, (_at, happens) in enumerate(sorted(events, key=lambda event: event[0])):
        happens()
        if number in ANALYZE_AFTER:
            analyze("points_transfer", "points_entry")


class _Wallets:
    """The accounts of all who are paid, opened at once."""

    def __init__(self, over: list[Month]):
        people, homes = defaultdict(set), defaultdict(set)
        self.areas = {one.batch.area_id: one.batch.area for one in over}
        for one in over:
            for story in one.paid:
                claim = story.claim
                if claim.to_household:
                    homes[claim.community_id].add(claim.household_id)
                else:
                    people[claim.community_id].add(claim.person_id)
        self.funds = {pk: accounts.fund_of(area).pk for pk, area in self.areas.items()}
        self.people = {pk: accounts.of_people(who, self.areas[pk]) for pk, who in people.items()}
        self.homes = {pk: accounts.of_households(who, self.areas[pk]) for pk, who in homes.items()}
        analyze("points_account")

    def of(self, claim: Claim) -> int:
        if claim.to_household:
            return self.homes[claim.community_id][claim.household_id]
        return self.people[claim.community_id][claim.person_id]


def analyze(*tables: str) -> None:
    """A function keeps its plans: those made for empty tables would be kept for full ones."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def _payment(one: Month, paid: list[Story], wallets: _Wallets) -> list[ledger.Posting]:
    at = one.times.finish_at
    day = timezone.localdate(at)
    return [
        ledger.Posting(
            community=claim.community_id,
            debit=wallets.funds[claim.community_id],
            credit=wallets.of(claim),
            amount=claim.points,
            key=f"claim:{claim.pk}",
            kind=TransferKind.AWARD,
            happened_on=claim.happened_on,
            lot_on=day,
            reason=claim.rule_version.title,
            actor=claim.certifier_id,
            approver=claim.approver_id,
            rule_version=claim.rule_version_id,
            at=at,
        )
        for claim in (story.claim for story in paid)
    ]


# --- first reports -------------------------------------------------------------------------------


def first_reports(cast: Cast) -> dict[tuple, list[Report]]:
    """(community, month) → verified hazards that residents reported under their name."""
    by_person = {one.pk: (place, one) for place in cast.places for one in place.neighbours}
    rows = (
        Issue.objects.filter(
            area_path__startswith=cast.street.path,
            category__group=CategoryGroup.SAFETY,
            reporter__isnull=False,
            verifier__isnull=False,
            closed_at__isnull=False,
            anonymous=False,
            merged=None,
        )
        .order_by("closed_at", "pk")
        .values_list(
            *("pk", "reporter_id", "area_id", "area_path", "closed_at"),
            *("category__name", "number"),
        )
    )
    found: dict[tuple, list[Report]] = defaultdict(list)
    for issue, reporter, area, path, closed_at, category, number in rows:
        place, one = by_person.get(reporter, (None, None))
        if one is None or reporter in cast.appointed or not path.startswith(place.area.path):
            continue
        at = timezone.localtime(closed_at)
        if one.since >= at.date() or at.year - one.born <= 18:
            continue
        text = _("首报%(category)s，已核实（%(number)s）") % {
            "category": category,
            "number": number,
        }
        month = at.date().replace(day=1)
        found[place.area.pk, month].append(Report(issue, one, area, path, at, text))
    return found
