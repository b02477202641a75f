from tests.grids.conftest import together

__all__ = ["together"]
