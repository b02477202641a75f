"""An exchange with something in the window."""

import pytest

from tests.grids.conftest import together

__all__ = ["together"]


@pytest.fixture
def window(db):
    from tests.exchange import window

    return window.build()
