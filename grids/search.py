"""Finding issues by words, in Chinese: pairs of characters, no dictionary.

``感应灯`` is kept as 感应, 应灯, 灯 (the SQL function ``grids_bigrams``, kept by triggers in
``IssueWords``) and asked for as 感应 followed by 应灯, so every place where the three characters
stand together is found, and nothing else. Digits and Latin letters are words of their own.
"""

import re
import unicodedata

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Lookup, QuerySet

from grids.models import Issue

MOST_CHARACTERS, MOST_TERMS = 40, 6
# The same runs as in grids_bigrams (migration): words of a-z and digits, and Chinese characters.
_RUN = re.compile("[a-z0-9]+|[\u3007\u3400-\u4dbf\u4e00-\u9fff]+")
_TERM = re.compile("[a-z0-9\u3007\u3400-\u4dbf\u4e00-\u9fff]+")
_NUMBER = re.compile(r"[A-Z]{1,8}[0-9]{8,16}|[0-9]{13,16}")


@SearchVectorField.register_lookup
class Finds(Lookup):
    """``words__public__finds=query``: the vector answers a tsquery that we wrote ourselves."""

    lookup_name = "finds"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        vector, given = self.process_lhs(compiler, connection)
        return f"{vector} @@ %s::tsquery", [*given, self.rhs]


def clean(text: str) -> str:
    """What somebody typed, as it is shown again: one line, no more than forty characters."""
    return " ".join(text.replace("\x00", " ").split())[:MOST_CHARACTERS]


def number_in(text: str) -> str:
    """The number of an issue, if that is what was typed; else empty."""
    text = unicodedata.normalize("NFKC", text).strip().upper()
    return text if _NUMBER.fullmatch(text) else ""


def tsquery(text: str) -> str:
    """``text`` as a tsquery; empty when it holds no character to look for.

    Terms parted by spaces or marks must all be found. The last word or single character of a
    term may go on: 灯 finds 灯罩, 12 finds 120.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    terms = _TERM.findall(text)[:MOST_TERMS]
    return " & ".join(f"({_phrase(term)})" for term in terms)


def _phrase(term: str) -> str:
    runs = _RUN.findall(term)
    words: list[str] = []
    for run in runs[:-1]:
        words += [f"'{word}'" for word in _words(run)]
    last = _words(runs[-1])
    if len(last) > 1:  # the text may go on where the term ends
        last.pop()
        words += [f"'{word}'" for word in last]
    else:
        words.append(f"'{last[0]}':*")
    return " <-> ".join(words)


def _words(run: str) -> list[str]:
    if run.isascii():
        return [run]
    return [run[at : at + 2] for at in range(len(run))]


def narrow(issues: QuerySet[Issue], text: str, *, public: bool) -> QuerySet[Issue]:
    """Those of ``issues`` that ``text`` finds. ``public``: by the public words alone."""
    if number := number_in(text):
        return issues.filter(number=number)
    wanted = tsquery(text)
    if not wanted:
        return issues.none()
    return issues.filter(**{f"words__{'public' if public else 'inside'}__finds": wanted})
