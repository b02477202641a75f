"""Icons of the ``heroicons`` package, each rendered once and kept as text.

The package reads a zip archive for an icon it has not seen; a list page shows the same five
icons a hundred times, so the finished markup is cached here for the life of the process.
"""

from functools import cache

from django.utils.safestring import SafeString, mark_safe
from heroicons import _render_icon

SIZES = {"outline": 24, "solid": 24, "mini": 20, "micro": 16}


@cache
def svg(name: str, style: str = "outline") -> SafeString:
    """Decorative by nature: hidden from screen readers, sized by CSS (``.icon``, 1.5 em).

    Raises ``heroicons.IconDoesNotExist`` for a name the package does not have.
    """
    attributes = {"aria-hidden": "true", "focusable": "false", "class": "icon"}
    markup = _render_icon(style, name, SIZES[style], attributes)
    return mark_safe(markup.replace(' data-slot="icon"', ""))  # noqa: S308 the package's own drawing
