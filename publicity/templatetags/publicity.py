"""Rows of a notice or disclosure as a table; built from strings, as there may be hundreds."""

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from publicity.tables import is_number

register = template.Library()


@register.simple_tag
def data_table(table, *, caption):
    """Nothing for no rows; numbers stand to the right."""
    if not table:
        return ""
    rows = table["rows"]
    numeric = [
        bool(rows) and all(is_number(row[at]) for row in rows if row[at])
        for at in range(len(table["columns"]))
    ]
    name = conditional_escape(caption)
    marks = [' class="num"' if is_num else "" for is_num in numeric]
    head = "".join(
        f'<th scope="col"{mark}>{conditional_escape(label)}</th>'
        for label, mark in zip(table["columns"], marks, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{mark}>{conditional_escape(cell)}</td>"
            for cell, mark in zip(row, marks, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return mark_safe(  # noqa: S308 every part was escaped above
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">'
        f'<table class="data"><caption class="vh">{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
