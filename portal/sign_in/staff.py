"""Who counts as staff for sign-in, and where each kind of person goes first."""

from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from orgs.models import Appointment
from orgs.positions import STAFF


def is_staff(person) -> bool:
    """Holds, today, a position whose holders work in the portal (``positions.STAFF``)."""
    return Appointment.objects.in_force().filter(person=person, position__in=STAFF).exists()


def home_of(person) -> str:
    from orgs import access

    desk = not access.rights_of(person).is_empty and _exists("/desk/")
    return "/desk/" if desk else _first("/")


def first_page_of_newcomer() -> str:
    try:
        return reverse("orgs:residence_new")
    except NoReverseMatch:
        return _first("/")


def _first(path: str) -> str:
    return path if _exists(path) else reverse("profile")


def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
