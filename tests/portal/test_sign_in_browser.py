"""Signing in and joining on a phone, in Chromium: by hand, by keyboard order, by axe."""

import json

import pytest

from tests.browser import assert_accessible, assert_valid_html, shot
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page, name):
    assert_accessible(page)
    assert_valid_html(page.content())
    shot(page, name)


@pytest.fixture
def demo(settings):
    settings.DEMO = True  # the page shows the message


def test_signing_in_by_password(browser_page, street):
    page = browser_page(width=390)
    page.goto("/messages/")
    assert "/accounts/login/?next=" in page.url
    look(page, "login")
    page.get_by_label("手机号").fill("100 0000 0020")
    page.get_by_label("密码", exact=True).fill("not this one")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("手机号或密码不对").first.wait_for()
    look(page, "login-refused")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/messages/")
    page.goto("/accounts/profile/")
    look(page, "profile")


def test_signing_in_by_code(browser_page, street, demo):
    page = browser_page(width=390, mode="elder")
    page.goto("/accounts/login/?next=/accounts/profile/")
    page.get_by_role("link", name="短信验证码登录").click()
    page.get_by_label("手机号").fill("10000000020")
    look(page, "request-code-elder")
    page.get_by_role("button", name="获取验证码").click()
    text = page.get_by_text("【邻里共治】").inner_text()
    look(page, "code-elder")
    page.get_by_label("验证码").fill("".join(filter(str.isdigit, text))[:6])
    page.get_by_role("button", name="确定").click()
    page.wait_for_url("**/accounts/profile/")
    look(page, "profile-elder")


def test_the_demo_is_one_press_away(browser_page, street, demo, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    accounts = [
        {"role": "resident", "name": "王居民", "phone": "10000000020", "area": "梧桐里社区"},
        {"role": "grid_worker", "name": "李网格", "phone": "10000000001", "area": "第一网格"},
    ]
    accounts = [account | {"password": PASSWORD} for account in accounts]
    (tmp_path / "demo_accounts.json").write_text(json.dumps(accounts), "utf-8")
    page = browser_page(width=390)
    page.goto("/accounts/login/?next=/accounts/profile/")
    page.get_by_text("选一个角色直接登录").click()
    look(page, "demo-accounts")
    page.get_by_role("button", name="李网格").click()
    page.wait_for_url("**/accounts/profile/")


def test_joining_and_the_pages_of_an_account(browser_page, street, demo):
    page = browser_page(width=390, mode="dark")
    page.goto("/accounts/signup/")
    page.get_by_role("button", name="获取验证码").click()
    look(page, "signup-refused-dark")
    page.get_by_label("姓名").fill("沈新来")
    page.get_by_label("手机号").fill("10000000077")
    page.get_by_label("我已阅读并同意").check()
    page.get_by_role("button", name="获取验证码").click()
    text = page.get_by_text("【邻里共治】").inner_text()
    page.get_by_label("验证码").fill("".join(filter(str.isdigit, text))[:6])
    page.get_by_role("button", name="确定").click()
    page.wait_for_url(lambda url: "signup" not in url)
    for name, address in {
        "sessions": "/accounts/sessions/",
        "my-privacy": "/accounts/privacy/",
        "privacy": "/privacy/",
        "2fa": "/accounts/2fa/",
        "totp": "/accounts/2fa/totp/activate/",
        "logout": "/accounts/logout/",
    }.items():
        page.goto(address)
        look(page, f"{name}-dark")


@pytest.mark.parametrize(
    ("mode", "answer"), [("elder", "同意"), ("light", "不同意，只用必需的服务")]
)
def test_the_notice_is_read_and_answered(browser_page, street, mode, answer):
    street.wang.is_demo = False
    street.wang.save()
    page = browser_page(width=390, mode=mode)
    page.goto("/messages/")
    page.get_by_label("手机号").fill("10000000020")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/accounts/consent/**")
    look(page, f"consent-{mode}")
    page.get_by_role("button", name=answer, exact=True).click()
    page.wait_for_url("**/messages/")


def test_the_warning_before_the_end_and_more_time(browser_page, street, settings):
    settings.ELDER_IDLE_MINUTES = 10
    street.wang.size = "elder"
    street.wang.save()
    page = browser_page(width=390, person=street.wang)
    page.clock.install()
    page.goto("/accounts/profile/")
    warning = page.get_by_text("快要自动退出了")
    assert not warning.is_visible()
    page.clock.fast_forward("05:01")
    warning.wait_for()
    look(page, "warning-elder")
    page.get_by_role("button", name="还在用，不要退出").click()
    warning.wait_for(state="hidden")
    page.clock.run_for(1000)  # htmx settles, and the watch begins anew
    page.clock.fast_forward("10:01")
    page.get_by_text("登录已到时限").wait_for()


def test_other_pages_at_a_desk(browser_page, street, settings):
    settings.LOCKOUT_ADDRESS_FAILURES = 100
    page = browser_page(width=1280)
    for _try in range(5):
        page.goto("/accounts/login/")
        page.get_by_label("手机号").fill("10000000020")
        page.get_by_label("密码", exact=True).fill("wrong")
        page.get_by_role("button", name="登录", exact=True).click()
    look(page, "locked-wide")
    page = browser_page(width=1280, person=street.security_admin)
    page.goto("/staff/lockouts/")
    page.get_by_role("button", name="解锁").click()
    page.get_by_text("请写明理由").first.wait_for()
    look(page, "lockouts-wide")
    page.goto("/accounts/password/")
    look(page, "password-wide")
    page.goto("/accounts/profile/")
    look(page, "profile-wide")
