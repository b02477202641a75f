"""How pages look for one reader: text size (长辈版), colours, contrast.

A visitor's choice stays on the device in the cookie ``face``; a signed-in person's is saved on
the person and follows them to other devices. A person who never chose sees what the device
remembers, so switching to 长辈版 before signing in is not lost by signing in.
"""

from dataclasses import asdict, dataclass, replace

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orgs.access import public

COOKIE = "face"
YEAR_SECONDS = 365 * 24 * 3600

CHOICES = {
    "size": {
        "standard": gettext_lazy("标准"),
        "elder": gettext_lazy("长辈版"),
        "huge": gettext_lazy("特大字"),
    },
    "theme": {
        "auto": gettext_lazy("跟随系统"),
        "light": gettext_lazy("浅色"),
        "dark": gettext_lazy("深色"),
    },
    "contrast": {"normal": gettext_lazy("标准"), "high": gettext_lazy("高对比度")},
}


@dataclass(frozen=True)
class Face:
    """One reader's choice; a value nobody offers becomes the default."""

    size: str = "standard"
    theme: str = "auto"
    contrast: str = "normal"

    @property
    def is_elder(self) -> bool:
        return self.size != "standard"

    def __str__(self):
        return f"{self.size}.{self.theme}.{self.contrast}"


DEFAULT = Face()


def _known(values: dict) -> dict:
    return {name: value for name, value in values.items() if value in CHOICES[name]}


def of_device(request) -> Face:
    parts = request.COOKIES.get(COOKIE, "").split(".")
    if len(parts) != len(CHOICES):
        return DEFAULT
    return Face(**_known(dict(zip(CHOICES, parts, strict=True))))


def of_person(person) -> Face:
    return Face(**_known({name: getattr(person, name) for name in CHOICES}))


def face_of(request) -> Face:
    """The device's choice, then whatever the person chose away from the default."""
    face = of_device(request)
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return face
    chosen = {
        name: value
        for name, value in asdict(of_person(person)).items()
        if value != getattr(DEFAULT, name)
    }
    return replace(face, **chosen)


def safe_next(request, default: str = "/") -> str:
    """The ``next`` field when it leads to this very site, else ``default``."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    )
    return wanted if safe else default


@public
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request):
    """The page 显示与无障碍, and where its switches (also those in every page's head) post to."""
    if request.method != "POST":
        return _page(request)
    wanted = {name: request.POST[name] for name in CHOICES if name in request.POST}
    chosen = _known(wanted)
    if not wanted or chosen != wanted:
        return _page(request, error=_("没有这个选项，请在下面重新选择。"), status=422)

    answer = HttpResponseRedirect(safe_next(request, default=request.path))
    if request.user.is_authenticated:
        # What the device remembers moves to the person, or it would shine through a default.
        face = replace(face_of(request), **chosen)
        for name, value in asdict(face).items():
            setattr(request.user, name, value)
        request.user.save(update_fields=list(CHOICES))
        answer.delete_cookie(COOKIE)
    else:
        face = replace(of_device(request), **chosen)
        answer.set_cookie(
            COOKIE,
            str(face),
            max_age=YEAR_SECONDS,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    if request.POST.get("tell"):
        messages.success(request, _("已保存显示设置。"))
    return answer


def _page(request, *, error="", status=200):
    face = face_of(request)
    headings = {"size": _("字号"), "theme": _("配色"), "contrast": _("对比度")}
    groups = [
        {"name": name, "heading": headings[name], "chosen": getattr(face, name), "offers": offers}
        for name, offers in CHOICES.items()
    ]
    context = {"groups": groups, "error": error, "next": safe_next(request, default="")}
    return render(request, "portal/preferences.html", context, status=status)
