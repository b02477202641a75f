"""The boxes of the chain's picture. ``{% load chain %}``.

A picture holds dozens of them: their markup is built from strings, as the rows of ``ui`` are
(2 µs a box against 80 µs for a partial).
"""

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

register = template.Library()


def _box(node) -> str:
    words = "".join(
        f"<span>{conditional_escape(text)}</span>"
        for text in (node.leader_label, node.host_label)
        if text
    )
    href = reverse("orgs:organization", args=[node.pk])
    name = conditional_escape(node.name)
    return f'<div class="node" data-kind="{node.tone}"><a href="{href}">{name}</a>{words}</div>'


@register.simple_tag
def box(node, *, absent="", missing=""):
    """A body as a box: its name, who leads it, where it sits.

    ``absent``: what to name where there is none; ``missing``: in which words.
    """
    if node is None:
        missing = conditional_escape(missing or _("尚未成立"))
        return mark_safe(  # noqa: S308 its parts are escaped one by one
            f'<div class="node absent"><strong>{conditional_escape(absent)}</strong>'
            f"<span>{missing}</span></div>"
        )
    return mark_safe(_box(node))  # noqa: S308 as above


@register.simple_tag
def boxes(node):
    """A body, joined by a dashed line to the groups and joint committees beside it."""
    if not node.beside:
        return mark_safe(_box(node))  # noqa: S308 as above
    row = "".join(_box(one) for one in (node, *node.beside))
    return mark_safe(f'<div class="hosted">{row}</div>')  # noqa: S308 as above


@register.simple_tag
def fold(node):
    """A branch that can be opened: a link that htmx answers with what is below."""
    if not node.folds:
        return ""
    text = _("%(groups)d 个党小组 · %(homes)d 户中心户") % {
        "groups": node.groups,
        "homes": node.contact_households,
    }
    pk = node.pk
    return mark_safe(  # noqa: S308 numbers and our own words
        f'<a class="fold" id="fold-{pk}" href="?branch={pk}#o{pk}" hx-get="?branch={pk}"'
        f' hx-swap="outerHTML">{text}</a>'
    )
