"""Line drawings for items without a picture: what the thing is, by its name, else by its kind.

Drawn here, 64 units square, in the colour of the text around them.
"""

from functools import cache

from django.utils.safestring import SafeString, mark_safe

from exchange.models import Item, ItemKind

_DRAWINGS = {
    "tissue": "M10 30h44v22H10zM10 40h44M23 30c0-9 7-7 9-18 2 11 9 9 9 18",
    "soap": (
        "M18 31h28a6 6 0 0 1 6 6v8a6 6 0 0 1-6 6H18a6 6 0 0 1-6-6v-8a6 6 0 0 1 6-6zM22 41h20"
        "M26 20a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM38 14a3 3 0 1 1-6 0 3 3 0 0 1 6 0z"
        "M46 22a2 2 0 1 1-4 0 2 2 0 0 1 4 0z"
    ),
    "bottle": "M27 9h10v7H27zM29 16v5c0 5-9 6-9 15v19h24V36c0-9-9-10-9-15v-5M20 38h24M20 48h24",
    "jug": (
        "M26 10h12v6H26zM24 16h16l6 10v26a3 3 0 0 1-3 3H21a3 3 0 0 1-3-3V26z"
        "M32 30c5 6 6 8 6 11a6 6 0 0 1-12 0c0-3 1-5 6-11z"
    ),
    "tube": "M20 10h24l-5 34H25zM26 44h12v9H26zM22 20h20M28 28h8",
    "bag": "M20 24h24l4 30H16zM20 24c1-5 6-7 12-7s11 2 12 7M27 17l-4-7M37 17l4-7M32 17V8",
    "sack": (
        "M21 12h22l5 9v30a4 4 0 0 1-4 4H20a4 4 0 0 1-4-4V21zM16 21h32"
        "M32 28c5 4 5 13 0 18-5-5-5-14 0-18z"
    ),
    "noodles": "M12 34h40a20 18 0 0 1-40 0zM20 34V16M27 34V12M34 34V16M41 34V12M25 54h14",
    "eggs": (
        "M23 20c5 0 9 8 9 15a9 9 0 0 1-18 0c0-7 4-15 9-15zM41 24c5 0 8 7 8 13a8 8 0 0 1-14 5"
        "M8 52h48l-4-8M12 44l-4 8"
    ),
    "bulb": "M32 9a15 15 0 0 0-9 27c3 2 4 5 4 8h10c0-3 1-6 4-8A15 15 0 0 0 32 9zM27 50h10M29 55h6",
    "socket": "M16 12h32a4 4 0 0 1 4 4v32a4 4 0 0 1-4 4H16a4 4 0 0 1-4-4V16a4 4 0 0 1 4-4z"
    "M25 24v9M39 24v9M27 42h10",
    "cooler": "M10 14h44v18H10zM16 26h32M20 40c0 5-4 5-4 10M32 40v12M44 40c0 5 4 5 4 10",
    "scissors": (
        "M25 47a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM51 47a6 6 0 1 1-12 0 6 6 0 0 1 12 0z"
        "M22 42 42 10M42 42 22 10"
    ),
    "knife": "M30 38 50 12c6 10 3 20-6 26l-6 4zM30 38 12 50l5 6 21-14",
    "hanger": "M27 17a5 5 0 1 1 5 6v3L9 44a3 3 0 0 0 2 5h42a3 3 0 0 0 2-5L32 26",
    "scales": "M32 10v42M22 54h20M13 18h38M13 18 6 35a7 6 0 0 0 14 0zM51 18l-7 17a7 6 0 0 0 14 0z",
    "book": "M32 18c-6-5-14-6-22-5v36c8-1 16 0 22 5 6-5 14-6 22-5V13c-8-1-16 0-22 5zM32 18v36",
    "meal": (
        "M10 32h44a22 20 0 0 1-44 0zM23 54h18"
        "M24 24c-4-5 4-7 0-13M33 24c-4-5 4-7 0-13M42 24c-4-5 4-7 0-13"
    ),
    "ball": (
        "M52 32a20 20 0 1 1-40 0 20 20 0 0 1 40 0zM12 32h40M32 12v40"
        "M18 18c8 8 8 20 0 28M46 18c-8 8-8 20 0 28"
    ),
    "clock": "M52 32a20 20 0 1 1-40 0 20 20 0 0 1 40 0zM32 19v13l9 6",
    "stall": (
        "M16 10h32l5 13H11zM11 23a5 5 0 0 0 10 0 5 5 0 0 0 11 0 5 5 0 0 0 11 0 5 5 0 0 0 10 0"
        "M15 30v24h34V30M15 42h34"
    ),
    "heart": "M32 53S9 41 9 25a12 12 0 0 1 23-4 12 12 0 0 1 23 4c0 16-23 28-23 28z",
    "ticket": (
        "M9 20h46v8a5 5 0 0 0 0 9v8H9v-8a5 5 0 0 0 0-9zM40 20v4M40 30v5M40 41v4M18 28h14M18 36h9"
    ),
    "gift": (
        "M11 25h42v10H11zM15 35v20h34V35M32 25v30M32 25c-8 0-13-3-13-8a5 5 0 0 1 9-3c3 3 4 11 4 11"
        "s1-8 4-11a5 5 0 0 1 9 3c0 5-5 8-13 8z"
    ),
}
# The first word found in the name chooses.
_WORDS = (
    ("皂", "soap"),
    ("牙膏", "tube"),
    ("洗衣液", "jug"),
    ("油", "jug"),
    ("洗洁精", "bottle"),
    ("垃圾袋", "bag"),
    ("挂面", "noodles"),
    ("鸡蛋", "eggs"),
    ("米", "sack"),
    ("盐", "sack"),
    ("纸", "tissue"),
    ("灯", "bulb"),
    ("插座", "socket"),
    ("空调", "cooler"),
    ("理发", "scissors"),
    ("磨刀", "knife"),
    ("晾", "hanger"),
    ("法律", "scales"),
    ("餐", "meal"),
    ("课", "book"),
    ("书", "book"),
    ("球", "ball"),
    ("摊", "stall"),
    ("时", "clock"),
)
_OF_KIND = {
    ItemKind.GOODS: "gift",
    ItemKind.SERVICE: "ticket",
    ItemKind.RIGHT: "ticket",
    ItemKind.DONATION: "heart",
}


def of(item: Item) -> SafeString:
    """Its drawing as SVG, hidden from screen readers: the name stands beside it."""
    if item.kind == ItemKind.DONATION:
        return _svg("heart")
    return _svg(next((name for word, name in _WORDS if word in item.name), _OF_KIND[item.kind]))


@cache
def _svg(name: str) -> SafeString:
    markup = (
        '<svg class="drawing" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true"'
        f' focusable="false"><path d="{_DRAWINGS[name]}"/></svg>'
    )
    return mark_safe(markup)  # noqa: S308 our own drawings
