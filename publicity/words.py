"""What may stand in public: no telephones, no doors, and of names the family name only."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from orgs import deidentify
from rules.refusals import Refused

_PERSON = re.compile(r"^[一-龥·]{2,5}$")
_MASKED = re.compile(r"^[一-龥][*＊某]+$")


class StillPrivate(Refused):
    def __init__(self, kinds: Sequence[str]):
        self.kinds = list(kinds)
        text = _("内容里还有%(kinds)s，不能公开，请删去后再提交")
        super().__init__(text % {"kinds": "、".join(kinds)})


def masked_name(name: str) -> str:
    """王小明 → 王*; what is no person's name (a body, a number) stays as it is."""
    name = name.strip()
    if _MASKED.match(name) or _PERSON.match(name):
        return f"{name[0]}*"
    return name


def refuse_private(*texts: str) -> None:
    """Raises StillPrivate when a telephone, identity number, door or plate is in a text."""
    kinds = dict.fromkeys(kind for text in texts for kind in deidentify.left_in(text))
    if kinds:
        raise StillPrivate(list(kinds))
