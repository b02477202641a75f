"""Who lives where: declared by the resident, verified by somebody who works the place.

Until then the person may post but not vote. Nothing is overwritten: a refused or ended residence
stays as it was.
"""

from datetime import date

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox import outbox
from orgs import access
from orgs.history import because
from orgs.models import Appointment, Area, Household, Person, Residence
from orgs.positions import Position

RIGHT = "orgs.verify_residence"
State = Residence.State


class ResidenceRefused(Exception):
    """Why a residence cannot be written or decided; its text may be shown."""


class AlreadyDeclared(ResidenceRefused):
    def __init__(self, residence: Residence):
        if residence.state == State.VERIFIED:
            text = _("已登记在这一户，并已通过核验")
        else:
            text = _("已登记在这一户，请等待网格员核验")
        super().__init__(text)


class OneAtATime(ResidenceRefused):
    def __init__(self):
        super().__init__(_("您有一项居住登记正在核验；请等待结果，或先撤回那一项"))


class PlaceClosed(ResidenceRefused):
    def __init__(self, area: Area):
        super().__init__(_("%(area)s已撤销，不能登记") % {"area": area.name})


class AlreadyDecided(ResidenceRefused):
    def __init__(self, residence: Residence):
        text = _("这项登记的状态已是“%(state)s”，请刷新页面")
        super().__init__(text % {"state": residence.get_state_display()})


class AlreadyEnded(ResidenceRefused):
    def __init__(self, residence: Residence):
        text = _("这项居住关系已于%(day)s结束")
        super().__init__(text % {"day": f"{residence.ends_on:%Y-%m-%d}"})


class NotEntitled(ResidenceRefused):
    def __init__(self):
        super().__init__(_("您没有核验这一位置居住关系的权限"))


class OneselfRefused(ResidenceRefused):
    def __init__(self):
        super().__init__(_("不能核验自己或同住家人的居住关系，请由其他工作人员办理"))


class ReasonMissing(ResidenceRefused):
    def __init__(self):
        super().__init__(_("请写明原因"))


class WrongDay(ResidenceRefused):
    def __init__(self):
        super().__init__(_("迁出日期须晚于入住日期"))


# --- verbs -------------------------------------------------------------------------------------


@transaction.atomic
def declare(
    person: Person,
    household: Household,
    kind: str,
    *,
    starts_on: date | None = None,
    by: Person | None = None,
) -> Residence:
    """Write down that ``person`` lives in (or owns) ``household``, pending verification.

    ``by``: the worker who does it for them; None is the person. Tells the grid workers of the
    place. One declaration of one's own at a time, so that nobody tries door after door.
    """
    if kind not in Residence.Kind.values:
        raise ValueError(f"no such kind of residence: {kind!r}")
    by = by or person
    if by.pk != person.pk:
        _check_right(by, household)
    # Two clicks, or two devices, of one person queue up here; so does the closing of the building.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    building = Area.objects.select_for_update(no_key=True).get(pk=household.area_id)
    if building.closed_on is not None:
        raise PlaceClosed(building)
    today = timezone.localdate()
    living = Residence.objects.filter(person=person).exclude(state=State.REFUSED)
    living = living.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    if (same := living.filter(household=household).first()) is not None:
        raise AlreadyDeclared(same)
    if by.pk == person.pk and living.filter(state=State.PENDING).exists():
        raise OneAtATime
    with because(_("登记居住关系"), by=by):
        residence = Residence.objects.create(
            person=person,
            household=household,
            kind=kind,
            state=State.PENDING,
            starts_on=starts_on or today,
        )
    outbox.tell(
        [worker for worker in workers_of(household) if worker.pk not in (person.pk, by.pk)],
        kind="orgs.residence_declared",
        title=_("有居民等待核验居住关系"),
        text=_("%(name)s登记为%(place)s的%(kind)s，请核实后办理。")
        % {
            "name": person.name_masked,
            "place": household.area.full_name,
            "kind": residence.get_kind_display(),
        },
        url=_address("orgs:residences"),
        key=f"residence:{residence.pk}:declared",
    )
    return residence


@transaction.atomic
def verify(residence: Residence, *, by: Person) -> Residence:
    """Confirm a pending residence; the person may vote from now on, and is told."""
    residence = _pending(residence, by)
    residence.state = State.VERIFIED
    residence.verified_by, residence.verified_at = by, timezone.now()
    with because(_("核验居住关系"), by=by):
        residence.save(update_fields=["state", "verified_by", "verified_at"])
    _tell(
        residence,
        "verified",
        _("您的居住关系已通过核验"),
        _("您已是%(place)s的核验居民，可以参加议事和表决。")
        % {"place": residence.household.area.full_name},
    )
    return residence


@transaction.atomic
def refuse(residence: Residence, *, by: Person, reason: str) -> Residence:
    """Turn a pending residence down, with the reason the person is told."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    residence = _pending(residence, by)
    residence.state = State.REFUSED
    residence.refusal_reason = reason[:200]
    residence.verified_by, residence.verified_at = by, timezone.now()
    with because(reason, by=by):
        residence.save(update_fields=["state", "refusal_reason", "verified_by", "verified_at"])
    _tell(
        residence,
        "refused",
        _("您的居住关系未通过核验"),
        _("原因：%(reason)s。您可以更正后重新登记，或与网格员联系。") % {"reason": reason},
    )
    return residence


@transaction.atomic
def withdraw(residence: Residence, *, by: Person) -> Residence:
    """The person takes a declaration back that nobody has decided yet."""
    residence = _locked(residence)
    if by.pk != residence.person_id:
        raise NotEntitled
    if residence.state != State.PENDING:
        raise AlreadyDecided(residence)
    residence.state = State.REFUSED
    residence.refusal_reason = _("本人撤回")
    with because(_("本人撤回"), by=by):
        residence.save(update_fields=["state", "refusal_reason"])
    return residence


@transaction.atomic
def end(residence: Residence, *, on: date | None = None, by: Person, reason: str) -> Residence:
    """The person moves out: ``on`` (default today) is the first day they no longer live there.

    By the person or by somebody who may verify the place; the other one is told.
    """
    if not reason.strip():
        raise ReasonMissing
    residence = _locked(residence)
    if by.pk != residence.person_id:
        _check_right(by, residence.household)
    if residence.state == State.REFUSED:
        raise AlreadyDecided(residence)
    if residence.ends_on is not None:
        raise AlreadyEnded(residence)
    on = on or timezone.localdate()
    if on <= residence.starts_on:
        raise WrongDay
    residence.ends_on = on
    with because(reason, by=by):
        residence.save(update_fields=["ends_on"])
    if by.pk != residence.person_id:
        _tell(
            residence,
            "ended",
            _("您的居住关系已登记为迁出"),
            _("自%(day)s起，原因：%(reason)s。如有不符，请与网格员联系。")
            % {"day": f"{on:%Y-%m-%d}", "reason": reason.strip()},
        )
    return residence


# --- questions ---------------------------------------------------------------------------------


def home_of(person: Person) -> Residence | None:
    """Where the person lives today: a verified residence first, then the latest declared."""
    verified_first = Case(
        When(state=State.VERIFIED, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return (
        person.residences.current()
        .select_related("household__area")
        .order_by(verified_first, "-starts_on", "-pk")
        .first()
    )


def is_verified_resident_of(person: Person, area: Area) -> bool:
    """Lives anywhere in ``area`` today, verified."""
    return person.residences.verified().filter(household__area_path__startswith=area.path).exists()


def workers_of(household: Household) -> list[Person]:
    """The grid workers of the household's place; where there is none, whoever may verify there."""
    around = [
        household.area_path[:end]
        for end in range(Area.steplen, len(household.area_path) + 1, Area.steplen)
    ]
    posts = Appointment.objects.in_force().filter(
        position=Position.GRID_WORKER, area__path__in=around, person__is_active=True
    )
    workers = [post.person for post in posts.select_related("person")]
    return workers or list(access.holders(RIGHT, area=household.area))


# --- helpers -----------------------------------------------------------------------------------


def _locked(residence: Residence) -> Residence:
    rows = Residence.objects.select_for_update(of=["self"])
    return rows.select_related("person", "household__area").get(pk=residence.pk)


def _pending(residence: Residence, by: Person) -> Residence:
    """The row, locked and checked: two workers who decide at once meet here."""
    residence = _locked(residence)
    _check_right(by, residence.household)
    if by.pk == residence.person_id or (
        by.residences.current().filter(household=residence.household_id).exists()
    ):
        raise OneselfRefused
    if residence.state != State.PENDING:
        raise AlreadyDecided(residence)
    if residence.ends_on is not None:
        raise AlreadyEnded(residence)
    return residence


def _check_right(by: Person, household: Household) -> None:
    if not access.rights_of(by).may(RIGHT, area_path=household.area_path):
        raise NotEntitled


def _tell(residence: Residence, what: str, title: str, text: str) -> None:
    outbox.tell(
        [residence.person],
        kind="orgs.residence_decided",
        title=title,
        text=text,
        url=_address("orgs:residence"),
        key=f"residence:{residence.pk}:{what}",
    )


def _address(name: str) -> str:
    """The page to look at; the screens belong to a higher floor, which may not have one."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
