"""Group ``volume``: the pages that count or list, with a year of issues, against the bare page."""

from urllib.parse import quote

from grids import account
from grids.models import Issue
from orgs.models import Area, Person
from orgs.positions import Position
from portal.bench import Result
from portal.bench.pages import compare

YEAR = 6_480
WORD = quote("路灯")


def volume() -> list[Result]:
    account.refresh()
    number = Issue.objects.count()
    return [
        Result("volume", f"issues (a year: {YEAR})", number, "issues"),
        *compare("volume", _visits()),
    ]


def _visits() -> dict[str, tuple[str, Person | None]]:
    community = Area.objects.filter(level="community", organizations__isnull=False).first()
    worker = Person.objects.filter(appointments__position=Position.GRID_WORKER).first()
    operator = Person.objects.filter(appointments__position=Position.SUBDISTRICT_OPERATOR).first()
    if not (community and worker and operator):
        raise RuntimeError("volume: the bench database holds no demo street")
    return {
        "account": ("/issues/account/", None),
        "account, one community": (f"/issues/account/?community={community.code}", None),
        "map": ("/issues/map/", None),
        "map, one community": (f"/issues/map/?community={community.code}", None),
        "search": (f"/issues/?q={WORD}", None),
        "search, subdistrict": (f"/issues/?show=work&q={WORD}", operator),
        "queue, grid worker": ("/issues/queue/", worker),
        "queue, subdistrict": ("/issues/queue/", operator),
        "desk, grid worker": ("/desk/", worker),
        "desk, subdistrict": ("/desk/", operator),
    }
