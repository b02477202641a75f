"""Words of an issue: without what tells who and where exactly, a title, and signs of danger."""

import re

from django.utils.text import Truncator

from orgs.deidentify import HIDDEN, left_in, mask

__all__ = ["HIDDEN", "left_in", "mask", "sounds_dangerous", "title_from"]


def title_from(text: str, length: int = 24) -> str:
    """A title from the first sentence of what somebody wrote."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    first = re.split(r"[。！？!?；;]", lines[0], maxsplit=1)[0].strip("，, 、")
    if len(first) > length and (comma := re.match(rf"^.{{4,{length}}}(?=[，,])", first)):
        first = comma.group()
    return Truncator(first or lines[0]).chars(length, truncate="…")


# --- danger ------------------------------------------------------------------------------------

_DANGER = re.compile(
    r"着火|起火|失火|冒(?:浓)?烟|爆炸|燃气味|煤气味|漏气|煤气泄漏|燃气泄漏|触电|漏电|坠楼|跳楼|轻生|自杀|"
    r"晕倒|昏迷|没有?呼吸|打人|持刀|行凶|被困|困人|溺水|救命|流血不止|坍塌|倒塌|不接电话|电话也不接|没开门"
)


def sounds_dangerous(text: str) -> bool:
    """Words after which the emergency numbers come first."""
    return bool(_DANGER.search(text))
