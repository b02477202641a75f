"""docs/exchange-account.md draws the tables of cases and of requests to the pool."""

from pathlib import Path

from django.conf import settings

from exchange import cases, pool_requests
from exchange.models import Case, CaseState, PoolRequest, PoolState

DOCS = Path(settings.BASE_DIR, "docs", "exchange-account.md").read_text("utf-8")


def test_the_diagrams_in_the_docs_are_the_tables():
    assert cases.flow.diagram(Case) in DOCS
    assert pool_requests.flow.diagram(PoolRequest) in DOCS
    assert set(cases.flow.states) == set(CaseState.values)
    assert set(pool_requests.flow.states) == set(PoolState.values)


def test_every_mark_of_the_monitors_is_told():
    from exchange.watch import Marks

    assert [name for name in Marks.__slots__ if f"`watch_{name}`" not in DOCS] == []
