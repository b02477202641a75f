"""The first closed loop, for real: gunicorn, worker and beat alive, phones and desks in Chromium.

From posting to rating, and at every step an outsider meets 404.
"""

import io
import json
import re

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from PIL import Image

from grids import handling
from grids.models import Category, Issue, Photo, State
from inbox import outbox
from inbox.models import Channel, Delivery
from orgs.models import Person
from tests.browser import assert_accessible
from tests.cast import PASSWORD
from tests.processes import BIN, database_url, free_port, get, run, running, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hashed_street(street):
    encoded = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    Person.objects.update(password=encoded)  # as production hashes; tests use a faster one
    return street


@pytest.fixture
def portal(hashed_street, tmp_path):
    """Address of a whole portal on the test database: web, worker, beat."""
    port = free_port()
    environment = {
        "PORTAL_MODE": "development",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
        "DATA_DIR": tmp_path,
        "MEDIA_ROOT": settings.MEDIA_ROOT,
        "STATIC_ROOT": tmp_path / "static",
        "QUIET_HOURS": "off",
        "SWEEP_SECONDS": 2,
    }
    collected = run(BIN / "python", "manage.py", "collectstatic", "--noinput", **environment)
    assert collected.returncode == 0, collected.stderr
    celery = (BIN / "celery", "-A", "portal")
    with (
        running(
            *(BIN / "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2"),
            log=tmp_path / "web.log",
            **environment,
        ),
        running(
            *(*celery, "worker", "--concurrency", "1", "--without-mingle", "--without-gossip"),
            log=tmp_path / "worker.log",
            **environment,
        ),
        running(
            *(*celery, "beat", "--pidfile=", "--schedule", tmp_path / "beat"),
            log=tmp_path / "beat.log",
            **environment,
        ),
    ):
        address = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{address}/readyz")[0] == 200, seconds=40, what="a portal that is ready")
        yield address


@pytest.fixture
def visit(chromium, portal):
    """``visit(person, width)``: a browser of the person's own, signed in by phone and password."""
    contexts = []

    def open_browser(person: Person | None, *, width: int = 1280):
        context = chromium.new_context(
            base_url=portal, viewport={"width": width, "height": 844}, locale="zh-CN"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        if person is not None:
            page.goto("/accounts/login/")
            page.fill("[name=phone]", person.phone)
            page.fill("[name=password]", PASSWORD)
            page.click("main button[type=submit]")
            page.wait_for_url(re.compile(r"^(?!.*login)"))
            if "consent" in page.url:
                page.click("main button[type=submit]")
                page.wait_for_url(re.compile(r"^(?!.*consent)"))
        return page

    yield open_browser
    for context in contexts:
        context.close()


def picture(colour: str) -> dict:
    data = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(data, "JPEG")
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


def press(page, verb: str) -> None:
    """The button of the verb, its drawer opened first where it lies in one."""
    drawer = page.locator(f"details#do-{verb}")
    if drawer.count() and drawer.get_attribute("open") is None:
        drawer.locator("summary").click()
    page.locator(f"button[name=verb][value={verb}]").first.click()
    page.wait_for_load_state()
    assert page.locator(".error, [data-tone=bad].notice[role=alert]").count() == 0, page.inner_text(
        "main"
    )


@pytest.mark.stack
def test_an_issue_goes_from_a_phone_to_a_rating(portal, visit, hashed_street):
    street = hashed_street
    reporter = visit(street.wang, width=390)
    outsiders = {
        "resident elsewhere": visit(street.qian),
        "worker elsewhere": visit(street.zhao),
        "visitor": visit(None),
    }

    def outsiders_meet_404(*addresses, public: bool) -> None:
        """Private addresses answer 404 to all of them; so do the verbs, whatever is public."""
        for who, page in outsiders.items():
            for address in addresses:
                answer = page.request.get(address)
                asked_in = who == "visitor" and "/accounts/login/" in answer.url
                assert asked_in or answer.status == 404, f"{who}: {address}"
            answer = page.request.get(here)
            assert answer.status == (200 if public else 404), who
            if public:
                assert "王居民" not in answer.text(), who
                assert "301" not in answer.text(), who
            token = _token(page, portal)
            for verb in ("file", "dispatch", "sign", "report", "verify", "rate", "note"):
                sent = page.request.post(
                    here,
                    form={"verb": verb, "csrfmiddlewaretoken": token},
                    headers={"Referer": portal, "Origin": portal},
                )
                assert sent.status == 404, f"{who}: {verb} {sent.status}"

    # a resident posts from a phone
    reporter.goto("/issues/new/")
    assert_accessible(reporter)
    reporter.get_by_label("物业维修", exact=True).check()
    reporter.fill("[name=place_text]", "3栋2单元楼道")
    reporter.fill("[name=text]", "楼梯间感应灯不亮，我家301室老人上下楼要打手电。")
    reporter.set_input_files("[name=photos]", [picture("black"), picture("gray")])
    reporter.click("main button[type=submit]")
    reporter.wait_for_url("**/posted/")
    issue = Issue.objects.get()
    here = issue.get_absolute_url()
    words = reporter.inner_text("main")
    assert issue.number in words
    assert "承诺办结时间" in words
    before = [f"/issues/photos/{photo.token}/large/" for photo in Photo.objects.all()]
    assert len(before) == 2
    outsiders_meet_404(*before, f"{here}posted/", public=False)

    # the grid worker finds it on the desk, files and dispatches it
    worker = visit(street.li)
    worker.goto("/desk/")
    worker.click(f"a[href='{here}']")
    assert_accessible(worker)
    worker.get_by_label(re.compile("立案后直接派给")).uncheck()  # one step at a time
    press(worker, "file")
    outsiders_meet_404(*before, public=True)
    worker.goto(here)
    worker.get_by_label(street.property_company.name).check()
    press(worker, "dispatch")
    outsiders_meet_404(*before, public=True)

    # the property manager signs, works, reports with a picture
    handler = visit(street.wu, width=390)
    handler.goto("/desk/")
    handler.click(f"a[href='{here}']")
    press(handler, "sign")
    outsiders_meet_404(*before, public=True)
    handler.goto(here)
    handler.fill("[name=result]", "已更换感应灯，现场试过三次。")
    handler.set_input_files("#do-report [name=photos]", picture("white"))
    press(handler, "report")
    outsiders_meet_404(*before, public=True)

    # somebody else verifies
    handler.goto(here)
    assert handler.locator("button[value=verify]").count() == 0
    verifier = visit(street.sun)
    verifier.goto(here)
    verifier.get_by_label("到现场看过").check()
    press(verifier, "verify")
    outsiders_meet_404(*before, public=True)

    # the resident has been told, in the portal and by the worker's SMS, and says how it was
    until(
        lambda: Delivery.objects.filter(
            person=street.wang, channel=Channel.SMS, state=Delivery.State.SENT
        ).exists(),
        seconds=30,
        what="the SMS to the reporter",
    )
    reporter.goto("/messages/")
    assert "已办结，请评价" in reporter.inner_text("main")
    reporter.goto(here)
    reporter.get_by_label("解决了", exact=True).check()
    reporter.get_by_label(re.compile("五星")).check()
    press(reporter, "rate")

    issue.refresh_from_db()
    assert (issue.state, issue.solved, issue.stars, issue.on_time) == (State.RATED, True, 5, True)
    assert issue.verifier != issue.handler
    done = list(issue.steps.order_by("pk").values_list("verb", flat=True))
    assert done == ["submit", "file", "dispatch", "sign", "report", "verify", "rate"]
    timeline = reporter.inner_text("#timeline")
    for words in ("立案", "派给", "签收", "核验"):
        assert words in timeline
    assert_accessible(reporter)
    assert outbox.unread_count(street.wu) >= 2  # the order, and the rating
    public = outsiders["visitor"]
    public.goto(here)
    assert "已更换感应灯" in public.inner_text("main")
    assert_accessible(public)
    parts = json.loads(get(f"{portal}/readyz")[1])
    assert parts["failed"] == []


def _token(page, portal: str) -> str:
    """A CSRF token of this browser's own, so that 404 is the view's answer and not the guard's."""
    page.request.get("/issues/")
    for cookie in page.context.cookies(portal):
        if cookie["name"] == settings.CSRF_COOKIE_NAME:
            return cookie["value"]
    raise AssertionError("no CSRF cookie")


def test_not_solved_goes_back_one_level_up(browser_page, street):
    issue = handling.post(
        reporter=street.wang,
        category=Category.objects.get(name="物业维修"),
        area=street.grid,
        text="单元门锁坏了一周",
    )
    for verb, by, data in [
        ("file", street.li, {"category": issue.category, "level": "L2", "reason": "核实"}),
        ("dispatch", street.li, {"lead": street.property_company}),
        ("sign", street.wu, {}),
        ("report", street.wu, {"result": "已通知厂家", "no_photo_reason": "等配件"}),
        ("verify", street.sun, {"how": "phone"}),
    ]:
        handling.advance(issue, verb, by=by, **data)
    page = browser_page(person=street.wang)
    page.goto(issue.get_absolute_url())
    page.get_by_label("没有解决", exact=True).check()
    page.get_by_label(re.compile("一星")).check()
    page.fill("[name=comment]", "门还是锁不上")
    press(page, "rate")
    issue.refresh_from_db()
    assert (issue.state, issue.level, issue.reopened_count) == (State.REOPENED, "L3", 1)
    assert outbox.unread_count(street.chen) > 0
    desk = browser_page(width=1280, person=street.chen)
    desk.goto("/desk/")
    assert issue.title in desk.inner_text("main")
