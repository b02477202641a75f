"""What a person may settle for their points: a guardian's consent, how the name is shown."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Household, Residence
from points import who
from points.models import GuardianConsent, NameChoice
from rules.refusals import Refused

PROTECT = "points.protect_names"


class ConsentRefused(Refused):
    pass


class NotEntitled(Refused):
    def __init__(self):
        super().__init__(_("您没有设置公示保护的权限"))


def minors_of(guardian) -> list:
    """(person, household, consent or None) of the minors verified in the guardian's homes."""
    today = timezone.localdate()
    if who.may_be_minor(guardian, today):
        return []
    homes = Residence.objects.verified().filter(person=guardian).values("household")
    rows = (
        Residence.objects.verified()
        .filter(household__in=homes, person__birth_year__gte=today.year - 18)
        .exclude(person=guardian)
        .select_related("person", "household")
        .order_by("person")
    )
    given = {
        (consent.minor_id, consent.household_id): consent
        for consent in GuardianConsent.objects.given().filter(
            minor__in=[row.person_id for row in rows]
        )
    }
    return [
        (row.person, row.household, given.get((row.person_id, row.household_id))) for row in rows
    ]


@transaction.atomic
def give_consent(minor, household: Household, *, by) -> GuardianConsent:
    """An adult of the same household lets a minor earn into its account; once."""
    today = timezone.localdate()
    if not who.may_be_minor(minor, today):
        raise ConsentRefused(_("只有未成年人需要监护人同意"))
    if who.may_be_minor(by, today) or by.birth_year is None or by.pk == minor.pk:
        raise ConsentRefused(_("监护人须是已登记出生年份的成年人"))
    living = set(
        Residence.objects.verified()
        .filter(household=household, person__in=[minor, by])
        .values_list("person", flat=True)
    )
    if living != {minor.pk, by.pk}:
        raise ConsentRefused(_("监护人和未成年人须是同一户已核验的居民"))
    Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    there = GuardianConsent.objects.given().filter(minor=minor, household=household).first()
    return there or GuardianConsent.objects.create(minor=minor, household=household, guardian=by)


@transaction.atomic
def withdraw_consent(consent: GuardianConsent, *, by) -> GuardianConsent:
    """From now on nothing new is claimed for the minor; what was paid stays. By who gave it, or
    the minor.
    """
    if by.pk not in {consent.guardian_id, consent.minor_id}:
        raise ConsentRefused(_("只有同意的监护人或本人可以撤回"))
    GuardianConsent.objects.filter(pk=consent.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now()
    )
    consent.refresh_from_db()
    return consent


def choose_display(person, *, hide_name: bool, off_rankings: bool) -> NameChoice:
    """What the person wants of public lists and rankings; lists already out stay as they are."""
    choice, _created = NameChoice.objects.update_or_create(
        person=person, defaults={"hide_name": hide_name, "off_rankings": off_rankings}
    )
    return choice


def protect(person, is_protected: bool, *, by) -> NameChoice:
    """Staff keep a person out of names and rankings, without saying why."""
    homes = Residence.objects.verified().filter(person=person)
    rights = access.rights_of(by)
    paths = homes.values_list("household__area_path", flat=True)
    if not any(rights.may(PROTECT, area_path=path) for path in paths):
        raise NotEntitled
    choice, _created = NameChoice.objects.update_or_create(
        person=person, defaults={"is_protected": is_protected, "protected_by": by}
    )
    return choice
