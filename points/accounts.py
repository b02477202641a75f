"""Finding an account, and opening it when it is first needed."""

from points.ledger import balance
from points.models import DERIVED, POINTS, Account, AccountKind

__all__ = [
    "balance",
    "clearing_of",
    "escrow_of",
    "expiry_of",
    "fund_of",
    "issuance_of",
    "of_household",
    "of_households",
    "of_merchant",
    "of_people",
    "of_person",
]


def _open(community, kind: str, *, unit: str = POINTS, **owner) -> Account:
    """The one account of its kind and owner in a community's books; asking again gives it again."""
    account, _created = Account.objects.get_or_create(
        community=community,
        unit_id=unit,
        kind=kind,
        **{"person": None, "household": None, "organization": None, **owner},
        defaults={"floor": None if kind in DERIVED else 0},
    )
    return account


def of_person(person, community) -> Account:
    return _open(community, AccountKind.PERSON, person=person)


def of_household(household, community) -> Account:
    return _open(community, AccountKind.HOUSEHOLD, household=household)


def of_people(people, community) -> dict[int, int]:
    """Person → account, both as keys; opened where missing. Two statements for any number."""
    return _open_many(community, AccountKind.PERSON, "person_id", people)


def of_households(households, community) -> dict[int, int]:
    """As ``of_people``."""
    return _open_many(community, AccountKind.HOUSEHOLD, "household_id", households)


def _open_many(community, kind: str, column: str, owners) -> dict[int, int]:
    if not owners:
        return {}
    of_kind = Account.objects.filter(community=community, unit=POINTS, kind=kind)
    Account.objects.bulk_create(
        [
            Account(community=community, unit_id=POINTS, kind=kind, floor=0, **{column: owner})
            for owner in sorted(owners)
        ],
        ignore_conflicts=True,
    )
    return dict(of_kind.filter(**{f"{column}__in": owners}).values_list(column, "pk"))


def of_merchant(organization, community) -> Account:
    return _open(community, AccountKind.MERCHANT, organization=organization)


def escrow_of(community) -> Account:
    return _open(community, AccountKind.ESCROW)


def fund_of(community) -> Account:
    """What the community may still award: budgets come in, awards go out, deductions come back."""
    return _open(community, AccountKind.FUND)


def issuance_of(community) -> Account:
    """Where points come from; its balance is minus all that was ever allotted."""
    return _open(community, AccountKind.ISSUANCE)


def clearing_of(community) -> Account:
    return _open(community, AccountKind.CLEARING)


def expiry_of(community) -> Account:
    return _open(community, AccountKind.EXPIRY)
