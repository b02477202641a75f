"""The figures of the public account, drawn once for each count."""

from django import template

from grids import account_page

register = template.Library()


@register.simple_tag
def account_body(asked, first, counted_at, *, big=False):
    return account_page.body(asked, first, counted_at, big=bool(big))
