"""The glossary pairs the words that the code uses, with nothing missing."""

from pathlib import Path

import pytest
from django.conf import settings

from orgs.models import AreaLevel, OrganizationKind
from orgs.positions import Position

GLOSSARY = Path(settings.BASE_DIR, "docs", "glossary.md").read_text("utf-8")


@pytest.mark.parametrize("choices", [AreaLevel, OrganizationKind, Position])
def test_every_kind_stands_in_the_glossary(choices):
    rows = {
        tuple(cell.strip(" `") for cell in line.strip("|").split("|"))
        for line in GLOSSARY.splitlines()
        if line.startswith("|")
    }
    pairs = {(row[0], row[-1]) for row in rows}
    missing = [choice for choice in choices if (str(choice.label), choice.value) not in pairs]
    assert missing == []
