from pathlib import Path

import pytest
from django.conf import settings

from points import batches, claims, deductions
from points.models import Batch, BatchState, Claim, ClaimState, Deduction, DeductionState

DOCS = Path(settings.BASE_DIR, "docs", "points.md").read_text("utf-8")
TABLES = [
    (claims.flow, Claim, ClaimState),
    (batches.flow, Batch, BatchState),
    (deductions.flow, Deduction, DeductionState),
]


@pytest.mark.parametrize(("flow", "model", "states"), TABLES)
def test_the_diagrams_in_the_docs_are_the_tables(flow, model, states):
    assert flow.diagram(model) in DOCS
    assert set(flow.states) == set(states.values)
