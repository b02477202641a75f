"""What every page of the shell needs to know: ``shell`` in templates.

Everything is worked out only when a template asks, so an htmx fragment costs nothing here.
"""

import re
from functools import cache, cached_property, lru_cache
from urllib.parse import urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from exchange import who as exchange_people
from inbox import outbox
from orgs import access
from orgs.compiled import compiled
from portal import preferences

# What lies below an outlet belongs to a place in the navigation that does not know which outlet.
_BELOW = {
    "/exchange/counter/": re.compile(r"/exchange/(outlets/\d+/list|pick)/"),
    "/exchange/stock/": re.compile(r"/exchange/(outlets/\d+/stock|donations)/"),
    "/points/": re.compile(r"/exchange/"),  # for residents: what points become
}


@compiled
def _unread(*, person):
    """As ``outbox.unread_count``; written anew for each page, it cost more than a menu."""
    return outbox.unread(person).values_list("pk", flat=True)


@cache
def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


@lru_cache(maxsize=512)
def _menus(language: str, *places: tuple) -> dict[str, SafeString]:
    """Drawn once for all who have the same places, stand in the same one and have as much unread.

    ``language``: of the words that are not in ``places``.
    """
    nav = [dict(place) for place in places]
    return {
        name: render_to_string(f"components/{name}.html", {"nav": nav})
        for name in ("places", "tabs")
    }


class Shell:
    def __init__(self, request):
        self._request = request

    @cached_property
    def person(self):
        """The signed-in person, or None."""
        person = getattr(self._request, "user", None)
        return person if person is not None and person.is_authenticated else None

    @cached_property
    def face(self) -> preferences.Face:
        return preferences.face_of(self._request)

    @cached_property
    def is_staff(self) -> bool:
        """Holds some right somewhere by an appointment in force."""
        return self.person is not None and not access.rights_of(self.person).is_empty

    @cached_property
    def unread(self) -> int:
        if self.person is None:
            return 0
        if hasattr(self._request, "unread_count"):  # the page counted it with its own figures
            return self._request.unread_count
        return len(_unread(person=self.person.pk))

    @cached_property
    def nav(self) -> list[dict]:
        """Places of this person's kind, in order; the one we are in is marked."""
        home = ("/", _("首页"), "home")
        issues = ("/issues/", _("事项"), "clipboard-document-list")
        notices = ("/notices/", _("公示公开"), "megaphone")
        messages = ("/messages/", _("消息"), "bell")
        grid = ("/mygrid/", _("我的网格"), "map-pin")
        mine = ("/accounts/profile/", _("我的"), "user-circle")
        if self.person is None:
            sign_in = ("/accounts/login/", _("登录"), "arrow-right-end-on-rectangle")
            places = [home, issues, notices, grid, sign_in]
        elif exchange_people.only_serves(self.person):
            counter = ("/exchange/counter/", _("核销"), "qr-code")
            stock = ("/exchange/stock/", _("库存"), "archive-box")
            settled = ("/exchange/settlements/", _("结算"), "scale")
            places = [counter, stock, settled, messages, mine]
        elif self.is_staff:
            desk = ("/desk/", _("工作台"), "briefcase")
            chain = ("/organizations/", _("组织"), "building-library")
            places = [desk, issues, *self._points(), notices, chain, messages, mine]
        else:
            points = ("/points/", _("积分"), "star")
            places = [home, issues, points, notices, grid, messages, mine]
        here = self._request.path
        return [
            {
                "href": href,
                "label": label,
                "icon": icon,
                "current": self._current(here, href),
                # 长辈版 reaches these from the foot of the page, or by 请网格员代办
                "extra": href in {"/mygrid/", "/notices/", "/points/batches/", "/points/certify/"},
                "unread": self.unread if href == "/messages/" else 0,
            }
            for href, label, icon in places
            if _exists(href)
        ]

    @cached_property
    def menus(self) -> dict[str, SafeString]:
        """``nav`` as markup: ``places`` in the head, ``tabs`` at the foot of a phone."""
        return _menus(get_language(), *(tuple(place.items()) for place in self.nav))

    def _points(self) -> list[tuple]:
        """Where staff deal with points: who decides the months, else who certifies."""
        rights = access.rights_of(self.person)
        for right, href in (
            ("points.decide_claims", "/points/batches/"),
            ("points.certify_claim", "/points/certify/"),
        ):
            if rights.has(right):
                return [(href, _("积分"), "star")]
        return []

    @staticmethod
    def _current(here: str, href: str) -> str:
        """The value of aria-current: this very page, somewhere below it, or nothing."""
        if href in _BELOW and _BELOW[href].match(here):
            return "true"
        if here == href:
            return "page"
        return "true" if href != "/" and here.startswith(href) else ""

    @property
    def here(self) -> str:
        """Where a switch in the head returns to."""
        return (
            self._request.get_full_path()
            if self._request.method in {"GET", "HEAD"}
            else (self._request.path)
        )

    @property
    def demo(self) -> bool:
        return settings.DEMO

    @property
    def phone(self) -> str:
        """The number people ring when the page does not help."""
        return settings.SERVICE_PHONE

    @property
    def privacy(self) -> str:
        """Address of the privacy notice."""
        return next((path for path in ("/privacy/", "/accounts/privacy/") if _exists(path)), "")

    @property
    def sign_in(self) -> str:
        """Address of the sign-in page, coming back here."""
        return f"/accounts/login/?{urlencode({'next': self.here})}"

    @property
    def issues(self) -> str:
        return "/issues/" if _exists("/issues/") else ""

    @property
    def notices(self) -> str:
        return "/notices/" if _exists("/notices/") else ""

    @property
    def my_grid(self) -> str:
        """Where a signed-in person finds who does it for them; a visitor rings instead."""
        return "/mygrid/" if self.person and _exists("/mygrid/") else ""


def shell(request):
    return {"shell": Shell(request)}
