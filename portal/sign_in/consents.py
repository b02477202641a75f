"""The privacy notice: which version is in force, who still has to answer it, what a no changes."""

from datetime import date

from django.conf import settings
from django.db import transaction

from inbox import outbox
from inbox.models import Channel, Preference
from orgs import consent
from orgs.consent import Notice
from orgs.models import Person

# A change of purposes, kinds of data or recipients makes a new version: everybody is asked again.
VERSION = 1
IN_FORCE_SINCE = date(2026, 9, 1)


def answered_version(person: Person) -> int:
    """The version the person last answered, yes or no; 0 when never asked.

    People of a demo are invented: no information about anybody, nothing to consent to.
    """
    latest = consent.standing(person, Notice.PRIVACY)
    if latest is None:
        return VERSION if person.is_demo or settings.DEMO else 0
    return latest.version


def give(person: Person) -> None:
    consent.give(person, Notice.PRIVACY, version=VERSION)


@transaction.atomic
def decline(person: Person) -> None:
    consent.decline(person, Notice.PRIVACY, version=VERSION)
    _stop_what_is_optional(person)


@transaction.atomic
def withdraw(person: Person) -> None:
    """Take the consent back: what only it allowed stops at once, the account stays."""
    consent.withdraw(person, Notice.PRIVACY, version=VERSION)
    _stop_what_is_optional(person)


def _stop_what_is_optional(person: Person) -> None:
    """No more SMS and e-mail except those that start a legal period; voluntary data goes.

    It goes from the history too, whose rows otherwise never change.
    """
    for kind in outbox.kinds():
        if kind.must_read:
            continue
        for channel in (Channel.SMS, Channel.EMAIL):
            Preference.objects.update_or_create(
                person=person, kind=kind.code, channel=channel, defaults={"wanted": False}
            )
    person.birth_year, person.email = None, ""
    person.save(update_fields=["birth_year", "email"])
    person.events.update(birth_year=None, email="")
