from pathlib import Path

from django.conf import settings

from publicity import notices
from publicity.models import Notice, NoticeState

DOCS = Path(settings.BASE_DIR, "docs", "publicity.md").read_text("utf-8")


def test_the_diagram_in_the_docs_is_the_table():
    assert notices.flow.diagram(Notice) in DOCS


def test_every_state_is_in_the_table():
    assert set(notices.flow.states) == set(NoticeState.values)
