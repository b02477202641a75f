"""Figures of points in text."""

from django import template

register = template.Library()


@register.filter
def thousands(points) -> str:
    """12,345: grouped by three, as the papers and files of the exchange are in every language."""
    return f"{points or 0:,}"
