"""Papers: PDFs set by typst from a ``.typ`` file beside the templates and data as JSON.

Data goes in as one string and is read as JSON there, so nothing a person typed becomes markup.
"""

import json
from functools import cache
from pathlib import Path

import typst
from django.conf import settings

SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", "SimSun", "STSong")
SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "WenQuanYi Micro Hei")


class NoChineseFont(Exception):
    """This machine has no font that shows Chinese: a PDF would be empty boxes."""


@cache
def _fonts() -> typst.Fonts:
    """What is installed, looked through once per process."""
    return typst.Fonts(include_system_fonts=True)


@cache
def families() -> tuple[str, ...]:
    """The Chinese families there are, the serif ones first. Raises NoChineseFont."""
    there = set(_fonts().families())
    found = tuple(name for name in (*SERIF, *SANS) if name in there)
    if not found:
        raise NoChineseFont
    return found


def write(name: str, data: dict) -> bytes:
    """The PDF of ``templates/<name>``; ``data.fonts`` is filled in here. Raises NoChineseFont."""
    source = Path(settings.BASE_DIR) / "templates" / name
    said = json.dumps({**data, "fonts": list(families())}, ensure_ascii=False)
    return typst.compile(
        source.read_bytes(), font_paths=_fonts(), sys_inputs={"data": said}, format="pdf"
    )
