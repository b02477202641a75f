"""The demo's points: to the point, within caps, by several people, told as the verbs would."""

import io
from collections import Counter, defaultdict
from datetime import date
from random import Random
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from orgs.models import Area
from points import batches, caps, claims, evidence, posting, seal, verification
from points import telling as point_telling
from points.models import (
    COUNTING,
    Account,
    Batch,
    BatchStep,
    Claim,
    ClaimEvidence,
    ClaimState,
    ClaimStep,
    Deduction,
    DeductionState,
    GuardianConsent,
    NameChoice,
    PanelMember,
    Period,
    RuleVersion,
    Signature,
    Suspension,
    Transfer,
)
from points.periods import close_due
from portal.management.commands import seed as command
from portal.seeding import accounts, points
from portal.seeding.points import deducting, running, year
from portal.seeding.points.deeds import Months, Rulebook
from portal.seeding.points.setting import months_back
from publicity import notices
from publicity import telling as notice_telling
from publicity.models import Notice, NoticeStep
from rules import calendar
from rules.models import Clock
from tests.snapshot import Snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(request, monkeypatch, tmp_path, settings):
    """The small demo: its people, and their points. ``param``: other stages of its last month."""
    monkeypatch.setattr(points, "STAGES", getattr(request, "param", points.STAGES))
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(command, "FURTHER", ())
    monkeypatch.setattr(command, "AFTERWARDS", ())
    monkeypatch.setattr(accounts, "issue_passwords", lambda chosen, file: None)
    return _write() if hasattr(request, "param") else _small.enter()


def _write() -> SimpleNamespace:
    call_command("seed", size="small", stdout=io.StringIO(), stderr=io.StringIO())
    resident = next(one.person for one in accounts.choose() if one.role == "resident")
    world = SimpleNamespace(street=Area.objects.get(level="subdistrict"), resident=resident)
    points.seed_points(world, Random(7), timezone.localdate())
    return world


_small = Snapshot(_write)


def test_the_year_adds_up_to_the_point(small):
    this_month = timezone.localdate().replace(day=1)
    first = months_back(this_month, points.MONTHS - 1)
    moved = Transfer.objects.filter(period__gte=first).values("kind").annotate(n=Sum("amount"))
    totals = {row["kind"]: row["n"] for row in moved}
    assert totals["award"] == points.earned_of(240) == 5493
    # Of a false claim one half is reversed, the other deducted.
    assert totals["deduct"] + totals["reverse"] == deducting.total(is_full=False) == 60
    taken = Deduction.objects.filter(state="posted").aggregate(n=Sum("taken"))["n"]
    assert taken == 60
    posted = Claim.objects.filter(state=ClaimState.POSTED)
    assert posted.aggregate(n=Sum("points"))["n"] == totals["award"] - totals["reverse"]
    assert deducting.total(is_full=True) == 1_340

    assert verification.check(full=True).count == 0
    close_due()
    seal.run()
    assert verification.check(full=True).count == 0
    assert not Period.objects.filter(closed_at=None).exists()
    assert Period.objects.order_by("-month").first().month == months_back(this_month, 1)

    before = Claim.objects.count(), Transfer.objects.count()
    assert points.seed_points(small, Random(8), timezone.localdate()) == before[0]
    assert (Claim.objects.count(), Transfer.objects.count()) == before


def test_caps_hold_and_nobody_stands_alone(small):
    used = Counter()
    versions = RuleVersion.objects.prefetch_related("caps").in_bulk()
    for claim in Claim.objects.filter(state__in=COUNTING):
        for cap in versions[claim.rule_version_id].caps.all():
            subject = {
                "person": claim.person_id,
                "household": claim.household_id,
                "pair": frozenset((claim.person_id, claim.partner_id)),
            }[cap.subject]
            window, _after = caps.window_of(cap.window, claim.happened_on)
            rule = versions[claim.rule_version_id].rule_id
            grade = claim.grade if cap.per_grade else None
            key = (rule, cap.subject, subject, window, grade)
            used[key] += 1 if cap.per_grade else claim.points
            assert used[key] <= cap.limit, (claim.pk, str(cap))
    assert Claim.objects.filter(points__lt=F("asked")).exists()  # one was cut
    for batch in Batch.objects.filter(state="posted"):
        signed = batch.signatures.values_list("role", flat=True)
        assert {"member", "resident", "supervisor"} <= set(signed)
    posted = Claim.objects.filter(state=ClaimState.POSTED)
    people = posted.values_list("claimant", "person", "certifier", "approver")
    for claimant, person, certifier, approver in people:
        judges = [certifier, approver]
        assert not {claimant, person} & {*judges} or certifier is None
    for notice in Notice.objects.filter(kind="points", state="closed"):
        assert calendar.working_days_between(notice.starts_on, notice.ends_on) >= 5
        assert timezone.localdate(notice.closed_at) > notice.ends_on


def test_everybody_finds_something(small):
    states = set(Claim.objects.values_list("state", flat=True))
    assert states == set(ClaimState.values)
    stages = set(Batch.objects.values_list("state", flat=True))
    assert stages == {"deciding", "reviewing", "objected", "posted"}
    [account] = Account.objects.filter(person=small.resident)
    assert account.posted > 0
    home = Claim.objects.filter(person=small.resident, to_household=True).first().household
    assert Account.objects.get(household=home).posted > 0
    mine = Claim.objects.filter(person=small.resident)
    assert mine.filter(state=ClaimState.APPEALED).count() == 1
    assert mine.filter(state__in=["claimed", "certified", "batched"]).exists()
    old = Transfer.objects.filter(credit=account, key__startswith="opening:")
    today = timezone.localdate()
    assert {0 < (months_back_day(one.lot_on) - today).days <= 60 for one in old} <= {True}
    codes = Claim.objects.values_list("rule_version__rule__code", flat=True).distinct()
    assert len(set(codes)) >= 18
    assert RuleVersion.objects.filter(rule__code="P15").count() == 2
    deductions = Counter(Deduction.objects.values_list("state", flat=True))
    assert set(deductions) == set(DeductionState.values)
    assert not Deduction.objects.exclude(state="reported").filter(evidence=None).exists()
    needing = Claim.objects.filter(rule_version__evidence__in=["photo", "document"])
    assert not needing.exclude(source="system").filter(evidence=None).exists()
    photo = ClaimEvidence.objects.exclude(claims=None).first()
    assert default_storage.exists(evidence.path_of(photo, "small"))
    for model in (NameChoice, GuardianConsent, Suspension):
        assert model.objects.exists()
    for community in Area.objects.filter(level="community", numchild__gt=0):
        roles = Counter(PanelMember.objects.filter(area=community).values_list("role", flat=True))
        assert min(roles["member"], roles["resident"], roles["supervisor"]) >= 1


@pytest.mark.parametrize("small", [("deciding", "corrected")], indirect=True)
def test_an_objection_that_was_right_is_paid_less_and_the_year_still_adds_up(small):
    [claim] = Claim.objects.filter(is_corrected=True)
    assert (claim.state, claim.points) == (ClaimState.POSTED, claim.asked - running.LESS)
    assert claim.batch.notice.result == "corrected"
    assert f"编号{claim.pk}" in claim.batch.notice.correction
    first = months_back(timezone.localdate().replace(day=1), points.MONTHS - 1)
    awards = Transfer.objects.filter(kind="award", period__gte=first)
    assert awards.aggregate(n=Sum("amount"))["n"] == points.earned_of(240)
    assert verification.check(full=True).count == 0


def months_back_day(lot_on: date) -> date:
    return calendar.add_months(lot_on, 24)


# --- told as the verbs would ---------------------------------------------------------------------

BUT = {"id", "batch", "transfer", "clock", "created_at", "notice", "rules"}


def rows_of(model, queryset, *, without=()):
    names = [f.name for f in model._meta.concrete_fields if f.name not in {*BUT, *without}]
    return [dict(zip(names, row, strict=True)) for row in queryset.values_list(*names)]


def all_rows(batch: Batch) -> dict:
    """Everything about a batch, in order, without the numbers rows have."""
    of_batch = Claim.objects.filter(
        Q(batch=batch) | Q(batch=None), community=batch.area, happened_on__lt=_after(batch.month)
    ).filter(happened_on__gte=batch.month)
    ids = list(of_batch.order_by("pk").values_list("pk", flat=True))
    place = {pk: number for number, pk in enumerate(ids)}
    steps = defaultdict(list)
    for row in ClaimStep.objects.filter(claim__in=ids).order_by("at", "pk").values():
        del row["id"]
        steps[place[row.pop("claim_id")]].append(row)
    paid = Transfer.objects.filter(claim__in=ids).order_by("claim")
    notice = Notice.objects.get(pk=batch.notice_id)
    table = [row[1:] for row in notice.table["rows"]]
    assert [row[0] for row in notice.table["rows"]] == [
        str(pk) for pk in ids if Claim.objects.get(pk=pk).state == "posted"
    ]
    return {
        "claims": rows_of(Claim, of_batch.order_by("pk")),
        "clocks": [
            rows_of(Clock, Clock.objects.filter(pk=pk))
            for pk in of_batch.order_by("pk").values_list("clock", flat=True)
        ],
        "steps": dict(steps),
        "batch": rows_of(Batch, Batch.objects.filter(pk=batch.pk)),
        "batch steps": rows_of(BatchStep, batch.steps.order_by("at", "pk")),
        "signed": rows_of(Signature, batch.signatures.order_by("at", "pk")),
        "notice": rows_of(
            Notice, Notice.objects.filter(pk=notice.pk), without=["subject", "table"]
        ),
        "table": table,
        "notice steps": rows_of(NoticeStep, notice.steps.order_by("at", "pk"), without=["notice"]),
        "paid": rows_of(Transfer, paid, without=["key", "credit"]),
        "whom": list(paid.values_list("credit__person", "credit__household")),
    }


def _after(month: date) -> date:
    return months_back(month, -1)


def lead(told, cast) -> Batch:
    """The same month through the verbs."""
    times, place = told.times, told.place
    photo = ClaimEvidence.objects.create(
        draft_key="00000000-0000-4000-8000-000000000001",
        uploaded_by=cast.person(place.secretary),
        width=4,
        height=3,
        digest="0" * 64,
    )
    found = {}
    ordered = sorted(told.stories, key=lambda story: story.claim.claimed_at)
    for story in ordered:
        deed = story.deed
        found[id(story)] = claims.file(
            deed.version.rule,
            person=cast.person(deed.who.pk),
            happened_on=deed.day,
            by=cast.person(deed.claimant) if deed.claimant else None,
            source=deed.source,
            quantity=deed.tenths / 10,
            grade=deed.grade,
            text=deed.text,
            partner=cast.person(deed.partner) if deed.partner else None,
            area=Area.objects.get(pk=deed.area),
            evidence=[photo] if deed.version.evidence in {"photo", "document"} else (),
            source_key=deed.source_key,
            at=deed.claimed_at,
        )
    for story in ordered:
        claim, step = found[id(story)], story.steps[1]
        by = cast.person(step.actor) if step.actor else None
        match step.verb:
            case "certify":
                claims.certify(claim, by=by, at=step.at)
            case "vouch":
                claims.flow.advance(claim, "vouch", by=None, at=step.at)
            case "refuse":
                claims.refuse(claim, by=by, at=step.at, reason=step.reason, **step.data)
            case "withdraw":
                claims.withdraw(claim, by=by, at=step.at)
    batch = batches.open(place.area, told.month, at=times.open_at)
    collected = {step.at for story in ordered for step in story.steps if step.verb == "collect"}
    assert collected == {times.open_at}
    batches.flow.advance(batch, "decide", by=None, at=times.decide_at)
    for story in ordered:
        for step in story.steps:
            pk, by = [found[id(story)].pk], step.actor and cast.person(step.actor)
            if step.verb == "approve":
                batches.approve(batch, pk, by=by, at=step.at)
            elif step.verb == "turn_down":
                batches.refuse(batch, pk, reason=step.reason, by=by, at=step.at, **step.data)
    secretary = cast.person(place.secretary)
    batches.close_decisions(batch, by=secretary, at=times.close_at)
    for pk, at in zip(place.panel, times.signed_at, strict=False):
        batches.sign(batch, by=cast.person(pk), at=at)
    batches.publish(batch, by=secretary, at=times.publish_at)
    notices.flow.advance(batch.notice, "expire", by=None, at=times.pay_at)
    posting.post(batch, at=times.finish_at)
    return batch


def test_a_month_is_told_as_the_verbs_leave_it(small):
    """Refused, turned down, withdrawn and paid; steps, clocks, notice, signatures, transfers."""
    rng, today = Random(3), timezone.localdate()
    cast = points.Cast(small.street, rng, today, None)
    for place in cast.places:
        seats = PanelMember.objects.filter(area=place.area).order_by("pk")
        place.panel = list(seats.values_list("person_id", flat=True))
        sitting = {*place.panel}
        place.volunteers = [one for one in place.volunteers if one.pk not in sitting]
        place.weights = [1.0] * len(place.volunteers)
        place.children = []
    place, month = cast.places[1], months_back(today.replace(day=1), 14)
    with (
        calendar.steady(),
        transaction.atomic(),
        point_telling.silently(),
        notice_telling.silently(),
    ):
        months = Months(cast, Rulebook(small.street), rng, calendar.read(), timezone.localtime())
        teller = year.Teller(cast, months, rng, calendar.read(), timezone.localtime())
        told = teller.month(place, month, 420)
        for fate in (year.REFUSED, year.TURNED, year.WITHDRAWN):
            for deed in months.more(place, month, 2):
                story = year.Story(deed, place.area, told.terms, fate)
                told.stories.append(story)
                teller.certify(told, story)
        told.stories = [  # what the timer would collect on a later round has its own moment
            story
            for story in told.stories
            if story.steps[-1].at < told.times.open_at and len(story.steps) > 1
        ]
        told.stories.sort(key=lambda story: (story.claim.claimed_at, story.claim.person_id))
        for story in told.stories:
            story.deed.claimed_at = story.claim.claimed_at
        teller.close(told)
        here = transaction.savepoint()
        by_verbs = all_rows(lead(told, cast))
        transaction.savepoint_rollback(here)
        year.write(cast, [told], [])
        as_told = all_rows(told.batch)
    verbs = {step.verb for story in told.stories for step in story.steps}
    assert verbs >= {"file", "certify", "refuse", "withdraw", "turn_down", "reject", "post"}
    for part, rows in by_verbs.items():
        assert as_told[part] == rows, part
    assert verification.check(full=True).count == 0
