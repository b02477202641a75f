"""Books that several modules start from."""

import pytest

from points import accounts
from tests.grids.conftest import together
from tests.points.books import fund_with

__all__ = ["together"]


@pytest.fixture
def books(street):
    """A fund of 10,000, and the accounts of two people of 梧桐里 and a household there."""
    street.fund = fund_with(street.community)
    street.wang_points = accounts.of_person(street.wang, street.community)
    street.li_points = accounts.of_person(street.li, street.community)
    street.home_points = accounts.of_household(street.home, street.community)
    return street


@pytest.fixture
def points(db):
    """The small street with a points scheme: catalogue, budget, people for every role."""
    from tests.points import claiming

    return claiming.build()
