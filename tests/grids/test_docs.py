from pathlib import Path

from django.conf import settings

from grids import handling
from grids.forms import FORMS
from grids.models import Issue, State

DOCS = Path(settings.BASE_DIR, "docs", "issues.md").read_text("utf-8")


def test_the_diagram_in_the_docs_is_the_table():
    assert handling.flow.diagram(Issue) in DOCS


def test_every_state_is_in_the_table_and_every_verb_has_its_form():
    assert set(handling.flow.states) == set(State.values)
    assert set(handling.flow.verbs) - handling.BY_TIMER == set(FORMS)
