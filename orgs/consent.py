"""What people agreed to: answers to notices, in versions, kept as they were given.

Consent is the legal basis of what is optional (PIPL art. 13); duties of the community go on
without it. Callers who need a basis ask ``holds``; nobody is refused a duty for answering no.
"""

from django.db import transaction

from orgs.models import Consent, Person

Notice, Answer, Channel = Consent.Notice, Consent.Answer, Consent.Channel


def standing(person, notice: str) -> Consent | None:
    """The person's latest answer, or None when never asked."""
    return Consent.objects.filter(person=person, notice=notice).order_by("-pk").first()


def holds(person, notice: str) -> bool:
    """Is there a consent today? Of an older version too: it holds until it is taken back."""
    latest = standing(person, notice)
    return latest is not None and latest.is_given


def give(person, notice: str, *, version: int, channel: str = Channel.SITE) -> Consent:
    return _answer(person, notice, version, Answer.GIVEN, channel)


def decline(person, notice: str, *, version: int, channel: str = Channel.SITE) -> Consent:
    """Remembered, so that nobody is asked twice about the same version."""
    return _answer(person, notice, version, Answer.DECLINED, channel)


def withdraw(person, notice: str, *, version: int, channel: str = Channel.SITE) -> Consent:
    return _answer(person, notice, version, Answer.WITHDRAWN, channel)


@transaction.atomic
def _answer(person, notice, version, answer, channel) -> Consent:
    """One row per change of mind: the same answer again returns the first."""
    Person.objects.select_for_update().only("pk").get(pk=person.pk)  # two clicks queue up
    latest = standing(person, notice)
    if latest and (latest.version, latest.answer) == (version, answer):
        return latest
    return Consent.objects.create(
        person=person, notice=notice, version=version, answer=answer, channel=channel
    )
