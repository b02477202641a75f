"""How long a session lives, what must be settled before it may go on, and ending it everywhere.

Limits by role (MLPS 2.0, GB/T 22239-2019): idle and absolute. The marks stand in the session
itself, so asking costs no query; ``seen`` is written at most every ``TICK_SECONDS``.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.translation import gettext as _

from portal import errors
from portal.sign_in import consents, passwords, staff

MARKS, STAY, KEPT = "sign_in", "sign_in_stay", "kept_form"
TICK_SECONDS = 30
MINUTE, HOUR, DAY = 60, 3600, 86400

# What a signed-in person may open before everything is settled.
ALWAYS = {
    "account_logout",
    "account_reauthenticate",
    "account_consent",
    "account_keep_alive",
    "healthz",
    "preferences",
    "privacy",
    "readyz",
}
SECOND_FACTOR = {"mfa_activate_totp", "mfa_reauthenticate"}
PASSWORD = {
    "account_change_password",
    "account_reset_password",
    "account_reset_password_code",
    "account_reset_password_new",
}


class Marks:
    """What a session remembers about its own sign-in."""

    def __init__(self, session):
        self._session = session
        self._marks = session.get(MARKS)

    @classmethod
    def begin(cls, session, person) -> "Marks":
        """At sign-in: when it began, under which limits, and what is still to be settled."""
        working = staff.is_staff(person)
        stay = bool(session.pop(STAY, False)) and not working
        now = time.time()
        session[MARKS] = {
            "staff": working,
            "stay": stay,
            "start": now,
            "seen": now,
            "privacy": consents.VERSION,
            **_due_of(person, working),
        }
        if stay:
            session.set_expiry(settings.RESIDENT_STAY_DAYS * DAY)
        return cls(session)

    def __bool__(self):
        return self._marks is not None

    def __getitem__(self, name):
        return self._marks[name]

    def update(self, **marks):
        self._session[MARKS] = self._marks = {**self._marks, **marks}

    @cached_property
    def absolute_seconds(self) -> int:
        if self["staff"]:
            return settings.STAFF_SESSION_HOURS * HOUR
        return settings.RESIDENT_STAY_DAYS * DAY

    def idle_seconds(self, person) -> int | None:
        """None: no limit. ``person`` decides only for residents: 长辈版 has more time."""
        if self["staff"]:
            return settings.STAFF_IDLE_MINUTES * MINUTE
        if self["stay"]:
            return None
        if person.size != person.Size.STANDARD:
            return settings.ELDER_IDLE_MINUTES * MINUTE
        return settings.RESIDENT_IDLE_MINUTES * MINUTE

    def over(self, request, now: float) -> str:
        """Why the session is over: ``long``, ``idle``, or nothing; usually without a query."""
        if now - self["start"] > self.absolute_seconds:
            return "long"
        idle = now - self["seen"]
        if idle <= MINUTE * min(
            settings.STAFF_IDLE_MINUTES, settings.RESIDENT_IDLE_MINUTES, settings.ELDER_IDLE_MINUTES
        ):
            return ""
        if not request.user.is_authenticated:
            return ""
        limit = self.idle_seconds(request.user)
        return "idle" if limit is not None and idle > limit else ""


@dataclass
class TimeLeft:
    """For the page: how long it may lie untouched. Worked out when a template asks."""

    marks: Marks
    person: object

    @cached_property
    def seconds(self) -> int | None:
        limit = self.marks.idle_seconds(self.person)
        return None if limit is None else max(0, int(self.marks["seen"] + limit - time.time()))

    @property
    def until(self):
        return timezone.now() + timedelta(seconds=self.seconds)


def _due_of(person, working: bool) -> dict[str, bool]:
    """What somebody at work must settle before anything else."""
    return {
        "enrol": working and settings.STAFF_TOTP_REQUIRED and not has_totp(person),
        "renew": working and passwords.is_due(person),
    }


def has_totp(person) -> bool:
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()


class Limits:
    """Ends a session whose time is up; leads to what must be settled first."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        answer = self.get_response(request)
        marks = getattr(request, "sign_in_marks", None)
        if marks is not None and not answer.has_header("Cache-Control"):
            # No cache keeps it, nor shows a shared computer's Back button what the last one read;
            # on the person's own phone Back finds what was typed.
            answer["Cache-Control"] = "private, no-cache" if marks["stay"] else "private, no-store"
        return answer

    def process_view(self, request, view, args, kwargs):
        # After the check of the form's token: what was typed in an expired session is genuine.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if SESSION_KEY not in request.session:
            return None
        marks = Marks(request.session)
        now = time.time()
        # From here on a query only where something has to be done about it.
        if not marks or marks.over(request, now) or now - marks["seen"] > TICK_SECONDS:
            if not request.user.is_authenticated:
                return None  # the password was changed elsewhere: a visitor
            marks = marks or Marks.begin(request.session, request.user)
            if why := marks.over(request, now):
                return self._end(request, view, why)
            self._tick(request, marks, now)
        request.sign_in_marks = marks
        request.time_left = SimpleLazyObject(lambda: TimeLeft(marks, request.user))
        return self._unsettled(request, marks)

    def _tick(self, request, marks, now):
        working = staff.is_staff(request.user)
        due = _due_of(request.user, working) if working and not marks["staff"] else {}
        marks.update(seen=now, staff=working, **due)
        UserSession.objects.filter(session_key=request.session.session_key).update(
            last_seen_at=timezone.now()
        )

    def _end(self, request, view, why):
        person_pk = request.user.pk
        kept = errors.typed_in(request) if request.method == "POST" else []
        end_this(request)
        if kept:
            request.session[KEPT] = {
                "person": person_pk,
                "url": request.get_full_path(),
                "fields": kept,
                "had_files": bool(request.FILES),
                "at": time.time(),
            }
        elif request.method in {"GET", "HEAD"} and getattr(view, "who_may_enter", "") == "public":
            messages.info(request, _("太久没有操作，已为您退出登录。"))
            return None
        back = _page_of(request)
        return _lead(request, reverse("account_login"), next=back, why=why)

    def _unsettled(self, request, marks):
        name = request.resolver_match.view_name
        settled = marks["privacy"] == consents.VERSION and not (marks["enrol"] or marks["renew"])
        if settled or name in ALWAYS or not request.user.is_authenticated:
            return None
        if marks["enrol"] and has_totp(request.user):
            marks.update(enrol=False)
        if marks["enrol"] and name not in SECOND_FACTOR:
            return _lead(request, reverse("mfa_activate_totp"))
        if marks["renew"] and not marks["enrol"] and name not in PASSWORD:
            return _lead(request, reverse("account_change_password"), next=_page_of(request))
        asked = marks["privacy"] != consents.VERSION
        if asked and not (marks["enrol"] or marks["renew"]):
            return _lead(request, reverse("account_consent"), next=_page_of(request))
        return None


def _page_of(request) -> str:
    """The page to come back to: this one, or the one whose form or fragment asked."""
    if request.htmx:
        return request.htmx.current_url_abs_path or "/"
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return reverse("account_kept_form") if KEPT in request.session else "/"


def _lead(request, url, **query):
    url = f"{url}?{urlencode(query)}" if query else url
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def begin(sender, request, user, **kwargs):
    """Receiver of Django's ``user_logged_in``."""
    Marks.begin(request.session, user)


def entered(sender, request, user, **kwargs):
    """Receiver of allauth's ``user_logged_in``: somebody came in by the pages, in person.

    The notice is theirs to answer; staff work in one place at a time.
    """
    marks = Marks(request.session)
    marks.update(privacy=consents.answered_version(user))
    if settings.STAFF_ONE_SESSION and marks["staff"]:
        end_others(request)


def touch(request) -> None:
    """Start the idle time anew."""
    request.sign_in_marks.update(seen=time.time())


def end_this(request) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)


def end_others(request) -> int:
    """Sign out every other device of this person; how many there were."""
    others = [row for row in sessions_of(request.user) if not row.is_current()]
    for row in others:
        row.end()
    return len(others)


def end_all(person) -> int:
    """Sign out every device of ``person``, this one included."""
    rows = sessions_of(person)
    for row in rows:
        row.end()
    return len(rows)


def sessions_of(person) -> list[UserSession]:
    """Devices that are signed in now, the last used first; rows of ended sessions are dropped."""
    return sorted(
        UserSession.objects.purge_and_list(person), key=lambda row: row.last_seen_at, reverse=True
    )
