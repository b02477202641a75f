"""Reply templates: words for a step, filled with what the issue says, inserted to be read first."""

import re

from django.utils.translation import gettext as _

from grids import responsibilities
from grids.limits import due_text
from grids.models import Issue, ReplyTemplate

RIGHT = "grids.write_templates"
# verb → the field of its form that takes the words
TEXT_FIELDS = {
    "file": "reason",
    "not_accept": "reason",
    "send_back": "reason",
    "contact": "note",
    "note": "note",
    "report": "result",
    "ask_delay": "reason",
    "verify": "reason",
    "rework": "reason",
}
PLACEHOLDERS = ("编号", "地点", "承办单位", "承诺时间")
_BRACED = re.compile(r"[{｛]([^{}｛｝]*)[}｝]")


def unknown_in(text: str) -> list[str]:
    """Words in braces that stand for nothing, each once."""
    found = (word.strip() for word in _BRACED.findall(text))
    return list(dict.fromkeys(word for word in found if word not in PLACEHOLDERS))


def fill(text: str, issue: Issue) -> str:
    """``text`` with the placeholders replaced; what the issue does not know yet is said so."""
    promised = due_text(issue.promised_at) if issue.promised_at else _("（未定）")
    values = {
        "编号": issue.number,
        "地点": f"{_place(issue)}{issue.place_text}",
        "承办单位": issue.lead.name if issue.lead_id else _("（未派单）"),
        "承诺时间": promised,
    }
    return _BRACED.sub(lambda found: values.get(found[1].strip(), found[0]), text)


def _place(issue: Issue) -> str:
    """梧桐里社区第一网格"""
    community = issue.community
    names = [community.name] if community is not None else []
    if community is None or community.pk != issue.area_id:
        names.append(issue.area.name)
    return "".join(names)


def for_issue(issue: Issue) -> list[ReplyTemplate]:
    """Templates that suit ``issue``, those of the nearest place and of its category first."""
    found = ReplyTemplate.objects.filter(
        area__path__in=responsibilities.around(issue.area_path), is_active=True
    ).select_related("area")
    suits = [one for one in found if one.category_id in {None, issue.category_id}]
    return sorted(
        suits, key=lambda one: (-len(one.area.path), one.category_id is None, one.title, one.pk)
    )


def insert(before: str, template: ReplyTemplate, issue: Issue) -> str:
    """The field's words with the template's behind them."""
    words = fill(template.text, issue)
    return f"{before.rstrip()}\n{words}" if before.strip() else words
