"""Joining takes a proved phone and a consent; a forgotten password is replaced likewise."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from orgs.models import Consent, Person
from portal.sign_in import joining
from tests.cast import PASSWORD
from tests.portal.sign_in import enter, is_in, wrong_code

SIGN_UP, SIGN_UP_CODE = "/accounts/signup/", "/accounts/signup/code/"
RESET, RESET_CODE, RESET_NEW = (
    "/accounts/password/reset/",
    "/accounts/password/reset/code/",
    "/accounts/password/reset/new/",
)
NEW = "Wutong-2027-xin"
FORM = {"name": "沈新来", "phone": "100 0000 0077", "password": "", "agreed": "on"}


def test_joining_writes_person_and_consent_once_the_code_is_right(client, street, sms):
    people = Person.objects.count()
    answer = client.post(SIGN_UP, FORM)
    assert answer["Location"] == SIGN_UP_CODE
    assert Person.objects.count() == people  # nothing yet: the phone may be another's
    assert client.post(SIGN_UP_CODE, {"code": wrong_code(sms.code)}).status_code == 422
    answer = client.post(SIGN_UP_CODE, {"code": sms.code})
    assert answer["Location"] in {"/residence/new/", "/", "/accounts/profile/"}
    person = Person.objects.get_by_phone("10000000077")
    assert (person.name, person.is_demo, person.has_usable_password()) == ("沈新来", False, False)
    assert person.phone_verified_at is not None
    consent = Consent.objects.get(person=person)
    assert (consent.notice, consent.version, consent.answer) == ("privacy", 1, "given")
    assert is_in(client)  # and is not asked about the notice again


def test_joining_with_a_password(client, street, sms):
    client.post(SIGN_UP, {**FORM, "password": NEW})
    client.post(SIGN_UP_CODE, {"code": sms.code})
    client.post("/accounts/logout/")
    person = Person.objects.get_by_phone("10000000077")
    assert enter(client, person, password=NEW).status_code == 302
    assert person.old_passwords.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"agreed": ""}, "请阅读后勾选同意"),
        ({"name": ""}, "请填写姓名"),
        ({"phone": "110"}, "请输入 11 位手机号"),
        ({"password": "short"}, "至少 10 个字符"),
        ({"password": "alllowercaseletters"}, "四种里至少用三种"),
        ({"password": "Ab-10000000077"}, "不要含有自己的手机号或姓名"),
        ({"password": "Ab1-沈新来的密码"}, "不要含有自己的手机号或姓名"),
        ({"password": "P@ssw0rd123!"}, "常见密码"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_sent(client, street, sms, change, words):
    answer = client.post(SIGN_UP, {**FORM, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert sms == []


def test_a_known_phone_looks_the_same_and_signs_in(client, street, sms):
    new = client.post(SIGN_UP, FORM)
    new_page = client.get(SIGN_UP_CODE).content.decode().replace("0077", "")
    client.logout()
    known = client.post(SIGN_UP, {**FORM, "phone": "10000000020", "name": "冒名者"})
    known_page = client.get(SIGN_UP_CODE).content.decode().replace("0020", "")
    assert new["Location"] == known["Location"]

    def plain(page):
        return [line for line in page.splitlines() if "csrf" not in line.lower()]

    assert plain(new_page) == plain(known_page)
    people = Person.objects.count()
    client.post(SIGN_UP_CODE, {"code": sms.code})
    assert Person.objects.count() == people
    street.wang.refresh_from_db()
    assert street.wang.name == "王居民"
    assert "王居民" in client.get("/accounts/profile/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_person():
    together = Barrier(2)

    def press(_number):
        together.wait()
        try:
            return joining.join(phone="10000000077", name="沈新来", notice_version=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        (first, _), (second, _) = answers = list(pool.map(press, range(2)))
    assert first == second
    assert sorted(is_new for _person, is_new in answers) == [False, True]
    assert first.consents.count() == 1


def test_a_stopped_account_is_not_joined_anew(client, street, sms):
    street.wang.is_active = False
    street.wang.save()
    client.post(SIGN_UP, {**FORM, "phone": "10000000020"})
    assert client.post(SIGN_UP_CODE, {"code": sms.code})["Location"] == "/accounts/login/"
    assert "已停用" in client.get("/accounts/login/").content.decode()


def test_a_code_for_one_thing_is_no_code_for_another(client, street, sms):
    client.post(SIGN_UP, {**FORM, "phone": "10000000020"})
    assert client.post(RESET_CODE, {"code": sms.code})["Location"] == RESET
    assert client.get(RESET_NEW)["Location"] == RESET


def test_joining_uses_the_same_limit_of_codes(client, street, sms):
    client.post(SIGN_UP, FORM)
    assert client.post(SIGN_UP, FORM).status_code == 422
    assert len(sms) == 1


# --- passwords ---------------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_by_code_and_other_devices_leave(client, street, sms):
    from django.test import Client

    elsewhere = Client()
    enter(elsewhere, street.wang)
    client.post(RESET, {"phone": "10000000020"})
    assert client.post(RESET_CODE, {"code": sms.code})["Location"] == RESET_NEW
    mixed = client.post(RESET_NEW, {"password": NEW, "again": NEW + "x"})
    assert mixed.status_code == 422
    assert "两次输入的密码不一样" in mixed.content.decode()
    answer = client.post(RESET_NEW, {"password": NEW, "again": NEW})
    assert answer["Location"] == "/accounts/login/?why=password"
    assert not is_in(elsewhere)
    assert enter(client, street.wang).status_code == 422
    assert enter(client, street.wang, password=NEW).status_code == 302


def test_an_unknown_phone_gets_no_further_and_no_other_answer(client, street, sms):
    answer = client.post(RESET, {"phone": "10000009999"})
    assert answer["Location"] == RESET_CODE
    assert "还没有注册" in sms[-1][1]
    assert client.post(RESET_CODE, {"code": "123456"}).status_code == 422
    assert client.get(RESET_NEW)["Location"] == RESET


def test_the_leave_to_choose_a_password_runs_out(client, street, sms):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client.post(RESET, {"phone": "10000000020"})
        client.post(RESET_CODE, {"code": sms.code})
        clock.shift(timedelta(minutes=16))
        answer = client.post(RESET_NEW, {"password": NEW, "again": NEW})
    assert answer["Location"] == RESET
    street.wang.refresh_from_db()
    assert street.wang.check_password(PASSWORD)


def change(client, current, new):
    data = {"current": current, "password": new, "again": new}
    return client.post("/accounts/password/", data)


def test_changing_needs_the_old_one_and_keeps_this_device(client, street):
    enter(client, street.wang)
    assert "现在的密码不对" in change(client, "wrong", NEW).content.decode()
    assert change(client, PASSWORD, NEW).status_code == 302
    assert is_in(client)
    assert "上次更换" in client.get("/accounts/profile/").content.decode()


def test_the_last_five_passwords_are_not_taken_again(client, street):
    enter(client, street.wang)
    passwords = [PASSWORD] + [f"Wutong-202{year}-xin" for year in range(6)]
    for current, new in pairwise(passwords):
        assert change(client, current, new).status_code == 302
    now = passwords[-1]
    for old in passwords[2:]:
        assert "最近 5 次用过" in change(client, now, old).content.decode()
    assert street.wang.old_passwords.count() == 5
    assert change(client, now, passwords[1]).status_code == 302


def test_who_has_no_password_proves_the_phone_instead(client, street):
    street.wang.set_unusable_password()
    street.wang.save()
    client.force_login(street.wang)
    assert client.get("/accounts/password/")["Location"] == RESET
    assert "现在用短信验证码登录" in client.get("/accounts/profile/").content.decode()


def test_staff_change_an_old_password_before_they_go_on(client, street, settings):
    settings.STAFF_PASSWORD_DAYS = 90
    street.li.created_at = timezone.now() - timedelta(days=91)
    street.li.save()
    street.wang.created_at = timezone.now() - timedelta(days=91)
    street.wang.save()
    enter(client, street.li)
    answer = client.get("/messages/")
    assert answer["Location"] == "/accounts/password/?next=%2Fmessages%2F"
    assert "密码该换了" in client.get(answer["Location"]).content.decode()
    data = {"current": PASSWORD, "password": NEW, "again": NEW, "next": "/messages/"}
    assert client.post("/accounts/password/", data)["Location"] == "/messages/"
    assert client.get("/messages/").status_code == 200
    client.post("/accounts/logout/")
    enter(client, street.wang)  # a resident is not asked
    assert client.get("/messages/").status_code == 200


def test_an_account_closed_after_the_code_gets_no_password(client, street, sms):
    client.post("/accounts/password/reset/", {"phone": street.wang.phone})
    client.post("/accounts/password/reset/code/", {"code": sms.code})
    street.wang.is_active = False
    street.wang.save()
    answer = client.get("/accounts/password/reset/new/")
    assert answer["Location"] == "/accounts/password/reset/"
