"""A session ends when its time is up, by role; what was typed is not lost; devices can be ended."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.sign_in.devices import Device, mask_address
from tests.portal.sign_in import enter, is_in

PAGE = "/messages/"  # somebody signed in may see it
START = timezone.now()


@pytest.fixture
def strict(settings):
    """The limits of production."""
    settings.STAFF_IDLE_MINUTES, settings.STAFF_SESSION_HOURS = 15, 8
    settings.RESIDENT_IDLE_MINUTES, settings.ELDER_IDLE_MINUTES = 30, 60


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize(
    ("who", "size", "minutes"),
    [("li", "standard", 15), ("wang", "standard", 30), ("wang", "elder", 60), ("wang", "huge", 60)],
)
def test_idle_limits_by_role(client, street, strict, clock, who, size, minutes):
    person = getattr(street, who)
    person.size = size
    person.save()
    enter(client, person)
    clock.shift(timedelta(minutes=minutes))
    assert client.get(PAGE).status_code == 200  # to the minute, and counted anew from here
    clock.shift(timedelta(minutes=minutes, seconds=1))
    answer = client.get(PAGE)
    assert answer["Location"] == "/accounts/login/?next=%2Fmessages%2F&why=idle"
    page = client.get(answer["Location"]).content.decode()
    assert "为保护您的账号，已自动退出" in page
    assert 'name="next" value="/messages/"' in page


def test_staff_work_eight_hours_at_most_however_busy(client, street, strict, clock):
    enter(client, street.li)
    for _ten_minutes in range(48):
        assert client.get(PAGE).status_code == 200
        clock.shift(timedelta(minutes=10))
    assert client.get(PAGE).status_code == 200
    clock.shift(timedelta(minutes=1))
    assert client.get(PAGE)["Location"].endswith("why=long")


def test_residents_may_stay_signed_in_on_their_own_phone(client, street, strict, clock):
    answer = enter(client, street.wang, stay="on")
    assert answer.cookies["sessionid"]["max-age"] == 30 * 86400
    clock.shift(timedelta(days=29))
    assert client.get(PAGE).status_code == 200
    clock.shift(timedelta(days=1, minutes=1))
    assert client.get(PAGE).status_code == 302


def test_staff_may_not(client, street, strict, clock):
    answer = enter(client, street.li, stay="on")
    assert answer.cookies["sessionid"]["max-age"] == ""
    clock.shift(timedelta(minutes=16))
    assert client.get(PAGE).status_code == 302


def test_a_post_gets_under_staff_limits_within_a_tick(client, street, strict, clock):
    from orgs import posts
    from orgs.positions import Position

    enter(client, street.newcomer, stay="on")
    posts.appoint(
        street.newcomer,
        street.committee,
        Position.SOCIAL_WORKER,
        starts_on=timezone.localdate(),
        reason="到岗",
    )
    clock.shift(31)
    client.get(PAGE)
    clock.shift(timedelta(minutes=16))
    assert client.get(PAGE).status_code == 302


def test_a_post_asks_for_the_second_factor_within_a_tick(client, street, settings, clock):
    from orgs import posts
    from orgs.positions import Position

    settings.STAFF_TOTP_REQUIRED = True
    enter(client, street.newcomer)
    posts.appoint(street.newcomer, street.committee, Position.SOCIAL_WORKER, reason="到岗")
    clock.shift(31)
    assert client.get("/staff/residences/")["Location"] == "/accounts/2fa/totp/activate/"


def test_what_was_typed_comes_back_after_signing_in(client, street, strict, clock):
    enter(client, street.wang)
    clock.shift(timedelta(minutes=31))
    typed = {"size": "elder", "note": "楼道灯坏了，晚上看不见路。", "password": "secret-word"}
    answer = client.post("/preferences/", typed)
    assert "why=idle" in answer["Location"]
    street.wang.refresh_from_db()
    assert street.wang.size == "standard"  # nothing was done
    answer = enter(client, street.wang, next="/accounts/kept/")
    page = client.get(answer["Location"]).content.decode()
    assert "楼道灯坏了，晚上看不见路。" in page
    assert 'action="/preferences/"' in page
    assert "secret-word" not in page
    client.post("/accounts/kept/")
    assert client.get("/accounts/kept/")["Location"] == "/"


def test_what_one_person_typed_is_not_shown_to_the_next(client, street, strict, clock):
    enter(client, street.wang)
    clock.shift(timedelta(minutes=31))
    client.post("/preferences/", {"note": "楼道灯坏了，晚上看不见路。"})
    enter(client, street.qian)
    answer = client.get("/accounts/kept/")
    assert answer.status_code == 302
    enter(client, street.wang)
    assert client.get("/accounts/kept/").status_code == 302  # gone for good


def test_an_expired_fragment_sends_the_whole_page_to_sign_in(client, street, strict, clock):
    enter(client, street.wang)
    clock.shift(timedelta(minutes=31))
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/messages/?after=u3"}
    answer = client.get(PAGE, headers=headers)
    where = answer.headers["HX-Redirect"]
    assert where == "/accounts/login/?next=%2Fmessages%2F%3Fafter%3Du3&why=idle"


def test_a_public_page_goes_on_for_a_visitor(client, street, strict, clock):
    enter(client, street.wang)
    clock.shift(timedelta(minutes=31))
    assert client.get("/privacy/").status_code == 200
    assert not is_in(client)


def test_the_page_says_when_it_ends_and_more_time_can_be_had(client, street, strict, clock):
    street.wang.size = "elder"
    street.wang.save()
    enter(client, street.wang)
    page = client.get(PAGE).content.decode()
    until = timezone.localtime(START + timedelta(minutes=60)).strftime("%H:%M")
    assert f"{until} 前没有操作会自动退出" in page
    assert 'data-session="3600"' in page
    clock.shift(timedelta(minutes=55))
    answer = client.post("/accounts/keep/", headers={"HX-Request": "true"})
    assert 'data-session="3600"' in answer.content.decode()
    clock.shift(timedelta(minutes=59))
    assert is_in(client)


def test_the_limits_cost_no_query(client, street, settings):
    enter(client, street.wang)
    client.get(PAGE)
    with CaptureQueriesContext(
        connection,
    ) as limited:
        client.get(PAGE)
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if "sign_in" not in m]
    with CaptureQueriesContext(connection) as free:
        Client.get(fresh(client), PAGE)
    assert len(limited) == len(free)


def test_a_session_whose_password_was_changed_elsewhere_is_a_visitors(client, street, clock):
    enter(client, street.wang)
    street.wang.set_password("Wutong-2027-xin")
    street.wang.save()
    for later in (1, 40, 4000):
        clock.shift(timedelta(minutes=later))
        assert client.get("/privacy/").status_code == 200
        assert client.get(PAGE)["Location"].startswith("/accounts/login/")
        assert client.get("/accounts/login/").status_code == 200
    assert enter(client, street.wang, password="Wutong-2027-xin").status_code == 302
    assert is_in(client)


def fresh(client):
    """The same session with middleware loaded anew."""
    other = Client()
    other.cookies = client.cookies
    return other


# --- devices -----------------------------------------------------------------------------------


def devices(person):
    return UserSession.objects.filter(user=person).count()


def test_signing_out_everywhere_ends_every_session(client, street):
    phone, library = Client(), Client()
    for browser in (phone, library, client):
        enter(browser, street.wang)
    neighbour = Client()
    enter(neighbour, street.qian)
    answer = client.post("/accounts/sessions/", {"which": "all"})
    assert answer["Location"] == "/accounts/login/"
    assert [is_in(browser) for browser in (phone, library, client)] == [False] * 3
    assert is_in(neighbour)
    assert devices(street.wang) == 0


def test_signing_out_the_others_keeps_this_one(client, street):
    phone = Client()
    enter(phone, street.wang)
    enter(client, street.wang)
    client.post("/accounts/sessions/", {"which": "others"})
    assert not is_in(phone)
    assert is_in(client)


def test_one_device_of_ones_own_can_be_ended_and_nobody_elses(client, street):
    phone, neighbour = Client(), Client()
    enter(phone, street.wang, REMOTE_ADDR="203.0.113.7")
    enter(neighbour, street.qian)
    enter(client, street.wang)
    theirs = UserSession.objects.get(user=street.qian)
    assert client.post("/accounts/sessions/", {"which": theirs.pk}).status_code == 404
    assert client.post("/accounts/sessions/", {"which": "x"}).status_code == 404
    own = UserSession.objects.filter(user=street.wang).earliest("pk")
    assert client.post("/accounts/sessions/", {"which": own.pk}).status_code == 302
    assert not is_in(phone)
    assert is_in(neighbour)
    assert is_in(client)


def test_the_list_says_when_and_where_without_the_address(client, street, clock):
    agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 MicroMessenger/8.0"
    data = {"phone": street.wang.phone, "password": "Qingtong-2026-ok"}
    phone = Client(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT=agent)
    phone.post("/accounts/login/", data)
    clock.shift(timedelta(minutes=5))
    phone.get(PAGE)
    enter(client, street.wang)
    page = client.get("/accounts/sessions/").content.decode()
    assert "安卓手机 · 微信" in page
    assert "203.0.*.*" in page
    assert "203.0.113.7" not in page
    seen = UserSession.objects.earliest("pk").last_seen_at
    assert seen == START + timedelta(minutes=5)


def test_staff_work_in_one_place_at_a_time_where_that_is_demanded(client, street, settings):
    settings.STAFF_ONE_SESSION = True
    first = Client()
    enter(first, street.li)
    enter(client, street.li)
    assert not is_in(first)
    assert is_in(client)
    first, second = Client(), Client()
    enter(first, street.wang)
    enter(second, street.wang)
    assert is_in(first)  # residents may


@pytest.mark.parametrize(
    ("address", "shown"),
    [("203.0.113.7", "203.0.*.*"), ("2001:db8::1", "2001:0db8:*")],
)
def test_addresses_are_masked(address, shown):
    assert mask_address(address) == shown


def test_an_unknown_program_is_called_so():
    assert Device(UserSession(user_agent="curl/8")).name == "未知设备"


@pytest.mark.parametrize(
    ("stay", "kept"), [({}, "private, no-store"), ({"stay": "on"}, "private, no-cache")]
)
def test_a_page_of_somebody_signed_in_is_in_no_cache(client, street, stay, kept):
    assert not client.get("/").has_header("Cache-Control")  # everybody's page
    enter(client, street.wang, **stay)
    for page in ("/", "/messages/", "/issues/nothing/"):
        assert client.get(page)["Cache-Control"] == kept
    assert "no-store" in client.get("/accounts/sessions/")["Cache-Control"]  # its own word stands


def test_what_a_session_knew_is_forgotten_when_it_is_over(client, street, clock):
    from django.conf import settings
    from django.contrib.sessions.models import Session

    from portal import tasks

    client.post("/accounts/login/code/", {"phone": street.wang.phone})  # the phone stands in it
    tasks.clear_sessions()
    assert Session.objects.count() == 1
    clock.shift(timedelta(seconds=settings.SESSION_COOKIE_AGE + 1))
    tasks.clear_sessions()
    assert not Session.objects.exists()


@pytest.mark.parametrize("which", ["9" * 30, "9" * 5000, "²", "-1", ""])
def test_nonsense_ends_no_device(client, street, which):
    enter(client, street.wang)
    assert client.post("/accounts/sessions/", {"which": which}).status_code == 404
    assert is_in(client)
