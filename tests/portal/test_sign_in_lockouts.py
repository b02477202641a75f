"""Too many wrong passwords lock the account, and separately the address; both open again."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from orgs.models import Unlock
from tests.cast import PASSWORD
from tests.portal.sign_in import enter, is_in
from tests.portal.test_sign_in_second_factor import set_up

LOGIN, STAFF = "/accounts/login/", "/staff/lockouts/"


def fail(client, phone, times=1, **more):
    for _try in range(times):
        answer = client.post(LOGIN, {"phone": phone, "password": "wrong"}, **more)
    return answer


def test_five_wrong_passwords_lock_the_account_for_fifteen_minutes(client, street):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        assert fail(client, street.wang.phone, 4).status_code == 422
        locked = fail(client, street.wang.phone)
        assert locked.status_code == 429
        assert "15 分钟后再试" in locked.content.decode()
        clock.shift(timedelta(minutes=14))
        answer = enter(client, street.wang)  # right, and yet
        assert answer.status_code == 429
        assert "1 分钟后再试" in answer.content.decode()
        clock.shift(timedelta(minutes=1, seconds=1))  # knocking did not lengthen it
        assert enter(client, street.wang).status_code == 302


def test_a_locked_phone_that_nobody_has_looks_the_same(client, street):
    known, unknown = (fail(client, phone, 5) for phone in ("10000000020", "10000009999"))
    assert known.status_code == unknown.status_code == 429

    def plain(answer):
        lines = answer.content.decode().splitlines()
        return [line for line in lines if "csrf" not in line.lower()]

    assert plain(known) == plain(unknown)


def test_others_at_the_same_address_still_get_in(client, street):
    fail(client, street.wang.phone, 5)
    assert enter(client, street.qian).status_code == 302


def test_an_account_is_locked_whatever_address_the_tries_come_from(client, street):
    for number in range(5):
        answer = fail(client, street.wang.phone, REMOTE_ADDR=f"203.0.113.{number}")
    assert answer.status_code == 429


def test_an_address_that_tries_many_accounts_is_locked(client, street, settings):
    settings.LOCKOUT_ADDRESS_FAILURES = 8
    for number in range(7):
        fail(client, f"1000000{9000 + number}", REMOTE_ADDR="203.0.113.9")
    own = {"phone": "10000000021", "password": PASSWORD}
    client.post(LOGIN, own, REMOTE_ADDR="203.0.113.9")  # one's own success in between
    client.post("/accounts/logout/", REMOTE_ADDR="203.0.113.9")
    answer = fail(client, "10000009100", REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 429
    assert "您所在的网络" in answer.content.decode()
    assert client.post(LOGIN, own, REMOTE_ADDR="203.0.113.9").status_code == 429
    assert client.post(LOGIN, own, REMOTE_ADDR="203.0.113.10").status_code == 302


def test_a_success_begins_the_count_anew(client, street):
    fail(client, street.wang.phone, 4)
    enter(client, street.wang)
    client.post("/accounts/logout/")
    assert fail(client, street.wang.phone).status_code == 422


def test_a_locked_person_may_still_come_by_code(client, street, sms):
    fail(client, street.wang.phone, 5)
    client.post("/accounts/login/code/", {"phone": street.wang.phone})
    assert client.post("/accounts/login/code/confirm/", {"code": sms.code}).status_code == 302


def test_guessing_the_current_password_is_counted_too(client, street):
    enter(client, street.wang)
    data = {"current": "wrong", "password": "Wutong-2027-xin", "again": "Wutong-2027-xin"}
    for _try in range(4):
        assert client.post("/accounts/password/", data).status_code == 422
    assert client.post("/accounts/password/", data).status_code == 429


def test_neither_phone_nor_password_is_kept_in_the_table_of_attempts(client, street):
    from axes.models import AccessAttempt

    fail(client, street.wang.phone, 2)
    row = AccessAttempt.objects.get()
    kept = f"{row.username} {row.post_data} {row.get_data} {row.path_info}"
    assert street.wang.phone not in kept
    assert "wrong" not in kept


# --- lifting a lock ----------------------------------------------------------------------------


def lock_key(client):
    return client.get(STAFF).context["rows"][0][0].key


def test_the_security_administrator_lifts_a_lock_with_a_reason(client, street):
    fail(Client(), street.wang.phone, 5)
    client.force_login(street.security_admin)
    page = client.get(STAFF).content.decode()
    assert "王*" in page
    assert "100****0020" in page
    assert street.wang.phone not in page
    key = lock_key(client)
    refused = client.post(STAFF, {"lock": key, "reason": " "})
    assert refused.status_code == 422
    assert "请写明理由" in refused.content.decode()
    assert client.post(STAFF, {"lock": key, "reason": "电话核实是本人"}).status_code == 302
    lifted = Unlock.objects.get()
    assert (lifted.person, lifted.by, lifted.reason) == (
        street.wang,
        street.security_admin,
        "电话核实是本人",
    )
    assert "电话核实是本人" in client.get(STAFF).content.decode()
    other = Client()
    assert enter(other, street.wang).status_code == 302


def test_an_address_is_lifted_too(client, street, settings):
    settings.LOCKOUT_ADDRESS_FAILURES = 5
    for number in range(5):
        fail(Client(), f"1000000{9000 + number}", REMOTE_ADDR="203.0.113.9")
    client.force_login(street.security_admin)
    assert "203.0.113.9" in client.get(STAFF).content.decode()
    client.post(STAFF, {"lock": "203.0.113.9", "reason": "社区服务中心的网络"})
    assert Unlock.objects.get().address == "203.0.113.9"
    data = {"phone": street.wang.phone, "password": PASSWORD}
    assert Client().post(LOGIN, data, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_nobody_lifts_their_own_lock(client, street):
    client.force_login(street.security_admin)
    fail(Client(), street.security_admin.phone, 5)
    client.post(STAFF, {"lock": lock_key(client), "reason": "我自己"})
    assert "不能为自己解锁" in client.get(STAFF).content.decode()
    assert not Unlock.objects.exists()


def test_a_lock_that_is_over_is_said_to_be(client, street):
    client.force_login(street.security_admin)
    client.post(STAFF, {"lock": "10.0.0.1", "reason": "迟了"})
    assert "已经到时解除" in client.get(STAFF).content.decode()


def test_nobody_else_sees_the_locks(client, street):
    assert client.get(STAFF)["Location"].startswith("/accounts/login/")
    for person in (street.wang, street.li, street.system_admin, street.auditor):
        client.force_login(person)
        assert client.get(STAFF).status_code == 404
        assert client.post(STAFF, {"lock": "x", "reason": "y"}).status_code == 404
    assert is_in(client)


def test_a_lost_second_factor_is_reset_for_another(client, street):
    browser = Client()
    set_up(browser, street.li)
    client.force_login(street.security_admin)
    reset = "/staff/lockouts/factor/"
    refused = client.post(reset, {"phone": street.wang.phone, "reason": "当面核实"})
    assert refused.status_code == 422
    assert "没有启用动态口令" in refused.content.decode()
    data = {"phone": street.li.phone, "reason": "当面核实身份证"}
    assert client.post(reset, data).status_code == 302
    assert not is_in(browser)
    assert enter(browser, street.li)["Location"] != "/accounts/2fa/authenticate/"
    row = Unlock.objects.get()
    assert (row.person, row.by, row.reason) == (
        street.li,
        street.security_admin,
        "重置动态口令：当面核实身份证",
    )


def test_nobody_resets_their_own(client, street):
    set_up(client, street.security_admin)
    data = {"phone": street.security_admin.phone, "reason": "我自己"}
    client.post("/staff/lockouts/factor/", data)
    assert "不能为自己" in client.get(STAFF).content.decode()
    assert not Unlock.objects.exists()


def test_behind_a_proxy_the_address_is_the_one_the_proxy_saw(client, street, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.LOCKOUT_ADDRESS_FAILURES = 5
    for number in range(5):
        claimed = f"198.51.100.{number}, 203.0.113.9"  # the first is the visitor's own invention
        answer = fail(client, f"1000000{9000 + number}", headers={"X-Forwarded-For": claimed})
    assert answer.status_code == 429
    own = {"phone": street.qian.phone, "password": PASSWORD}
    answer = client.post(LOGIN, own, headers={"X-Forwarded-For": "203.0.113.10"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("start", "confirm", "more"),
    [
        ("/accounts/login/code/", "/accounts/login/code/confirm/", {}),
        ("/accounts/password/reset/", "/accounts/password/reset/code/", {}),
        ("/accounts/signup/", "/accounts/signup/code/", {"name": "王居民", "agreed": "on"}),
    ],
)
def test_guesses_at_the_same_moment_are_counted_each(client, street, sms, start, confirm, more):
    """Each of them finds the session as it was before all others."""
    client.post(start, {"phone": street.wang.phone, **more})
    before = dict(client.session.items())
    for number in range(5):
        client.post(confirm, {"code": f"{(int(sms.code) + 1 + number) % 1_000_000:06d}"})
        session = client.session
        session.clear()
        session.update(before)
        session.save()
    answer = client.post(confirm, {"code": sms.code})
    assert answer["Location"] == start
    assert not is_in(client)
