"""Full phones and door numbers: masked for everybody, shown against a reason, and logged."""

from django.db import transaction
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Appointment, ContactReveal, Household, Person

RIGHT = "orgs.reveal_contacts"
REASON_MIN_LENGTH = 4


class RevealRefused(Exception):
    """Why a contact stays masked; its text may be shown."""


class ReasonTooShort(RevealRefused):
    def __init__(self):
        text = _("请写明查看原因，不少于 %(length)d 个字")
        super().__init__(text % {"length": REASON_MIN_LENGTH})


class NotEntitled(RevealRefused):
    def __init__(self):
        super().__init__(_("您没有查看这一联系方式的权限"))


class NothingToReveal(RevealRefused):
    def __init__(self):
        super().__init__(_("没有登记手机号"))


@transaction.atomic
def reveal(subject: Person | Household, *, by: Person, reason: str) -> str:
    """The full phone of a person, or the full door of a household, with a row in the log.

    ``by`` must hold orgs.reveal_contacts over the place: of the household, or of any home or post
    of the person. Every look is logged, the second one by the same person too.
    Raises RevealRefused, with nothing written.
    """
    reason = " ".join(reason.split())
    if len(reason) < REASON_MIN_LENGTH:
        raise ReasonTooShort
    rights = access.rights_of(by)
    area = next(
        (area for area in _places_of(subject) if rights.may(RIGHT, area_path=area.path)), None
    )
    if area is None:
        raise NotEntitled
    if isinstance(subject, Person):
        what, full = ContactReveal.What.PHONE, subject.phone
        of = {"person": subject}
    else:
        what, full = ContactReveal.What.DOOR, subject.door
        of = {"household": subject}
    if not full:
        raise NothingToReveal
    ContactReveal.objects.create(seen_by=by, what=what, area=area, reason=reason[:200], **of)
    return full


@transaction.atomic
def reveal_for_duty(person: Person, *, by: Person, area, reason: str) -> str:
    """The full phone of ``person`` for a matter at ``area``, with the same row in the log.

    For callers who have checked that ``by`` has to ring them up (the handler of an issue), and
    need no right over the person's home. Raises RevealRefused, with nothing written.
    """
    reason = " ".join(reason.split())
    if len(reason) < REASON_MIN_LENGTH:
        raise ReasonTooShort
    if not person.phone:
        raise NothingToReveal
    ContactReveal.objects.create(
        seen_by=by, what=ContactReveal.What.PHONE, area=area, reason=reason[:200], person=person
    )
    return person.phone


def _places_of(subject):
    if isinstance(subject, Household):
        return [subject.area]
    homes = subject.residences.current().select_related("household__area")
    posts = Appointment.objects.in_force().filter(person=subject)
    return [
        *(residence.household.area for residence in homes),
        *(post.jurisdiction for post in posts.select_related("area", "organization__area")),
    ]
