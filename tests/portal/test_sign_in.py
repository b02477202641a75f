"""Coming in by password or by code, whatever way the phone is typed, and no further than here."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone

from portal.sign_in.phones import normalise
from tests.cast import PASSWORD
from tests.portal.sign_in import enter, is_in, wrong_code

LOGIN, CODE, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("10000000020", "10000000020"),
        (" 100 0000 0020 ", "10000000020"),
        ("+86 100-0000-0020", "10000000020"),
        ("008610000000020", "10000000020"),
        ("8610000000020", "10000000020"),
        ("１００００００００２０", "10000000020"),
        ("（＋８６）10000000020", "10000000020"),
        ("86100000000", "86100000000"),  # eleven digits already
        ("王五", "王五"),
    ],
)
def test_a_phone_is_understood_however_it_is_typed(typed, meant):
    assert normalise(typed) == meant


def test_password_lets_in_and_the_session_key_changes(client, street):
    client.get(LOGIN)
    client.session.save()
    before = client.session.session_key
    answer = enter(client, street.wang)
    assert answer.status_code == 302
    assert client.session.session_key != before
    page = client.get("/accounts/profile/").content.decode()
    assert "王居民" in page
    assert "100****0020" in page
    assert "10000000020" not in page


def test_wrong_password_and_unknown_phone_get_one_answer(client, street):
    wrong = client.post(LOGIN, {"phone": "10000000020", "password": "no"})
    unknown = client.post(LOGIN, {"phone": "10000009999", "password": "no"})
    for answer, phone in ((wrong, "10000000020"), (unknown, "10000009999")):
        assert answer.status_code == 422
        assert "手机号或密码不对" in answer.content.decode()
        assert f'value="{phone}"' in answer.content.decode()  # what was typed is kept
        assert 'value="no"' not in answer.content.decode()  # but no password

    def anonymous(answer, phone):
        text = answer.content.decode().replace(phone, "PHONE")
        token = answer.context["csrf_token"]
        return text.replace(str(token), "TOKEN")

    assert anonymous(wrong, "10000000020") == anonymous(unknown, "10000009999")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"phone": "", "password": "x"}, "请填写手机号"),
        ({"phone": "12345", "password": "x"}, "请输入 11 位手机号"),
        ({"phone": "10000000020", "password": ""}, "请填写密码"),
    ],
)
def test_bad_input_is_told_beside_its_field(client, street, data, words):
    answer = client.post(LOGIN, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_person_who_may_not_sign_in_gets_the_common_refusal(client, street):
    street.wang.is_active = False
    street.wang.save()
    answer = enter(client, street.wang)
    assert answer.status_code == 422
    assert "手机号或密码不对" in answer.content.decode()


# --- next --------------------------------------------------------------------------------------


def test_next_is_honoured(client, street):
    answer = enter(client, street.wang, next="/messages/?after=u31")
    assert answer["Location"] == "/messages/?after=u31"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil"],
)
def test_next_never_leads_to_another_site(client, street, sms, elsewhere):
    answer = enter(client, street.wang, next=elsewhere)
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]
    again = client.get(f"{LOGIN}?next={quote(elsewhere)}")  # already inside
    assert "evil" not in again["Location"]
    client.logout()
    client.post(CODE, {"phone": "10000000021", "next": elsewhere})
    answer = client.post(f"{CONFIRM}?next={quote(elsewhere)}", {"code": sms.code})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]


def test_staff_land_on_their_desk_and_residents_at_home(client, street):
    assert enter(client, street.wang)["Location"] in {"/", "/accounts/profile/"}


# --- by code -----------------------------------------------------------------------------------


def test_a_code_lets_in_and_proves_the_phone(client, street, sms):
    answer = client.post(CODE, {"phone": "+86 100 0000 0020", "next": "/messages/"})
    assert answer["Location"] == f"{CONFIRM}?next=%2Fmessages%2F"
    assert [phone for phone, _text in sms] == ["10000000020"]
    page = client.get(answer["Location"]).content.decode()
    assert "100****0020" in page
    assert sms.code not in page  # only a demo shows it
    answer = client.post(
        CONFIRM, {"code": f" {sms.code[:3]} {sms.code[3:]} ", "next": "/messages/"}
    )
    assert answer["Location"] == "/messages/"
    street.wang.refresh_from_db()
    assert street.wang.phone_verified_at is not None
    assert is_in(client)


def test_the_demo_shows_the_message_on_the_page(client, street, settings):
    settings.DEMO = True
    client.post(CODE, {"phone": "10000000020"})
    page = client.get(CONFIRM).content.decode()
    assert "演示：手机会收到这条短信" in page
    assert "5 分钟内有效" in page


def test_an_unknown_phone_meets_the_same_pages(client, street, sms):
    known = client.post(CODE, {"phone": "10000000020"})
    known_page = client.get(CONFIRM).content.decode().replace("0020", "")
    client.logout()
    unknown = client.post(CODE, {"phone": "10000009999"})
    unknown_page = client.get(CONFIRM).content.decode().replace("9999", "")
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]

    def plain(page):
        return [line for line in page.splitlines() if "csrf" not in line.lower()]

    assert plain(known_page) == plain(unknown_page)
    assert "还没有注册" in sms[-1][1]  # told on the phone only
    assert client.post(CONFIRM, {"code": "000000"}).status_code == 422
    assert not is_in(client)


def test_a_code_is_good_for_five_minutes(client, street, sms):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        client.post(CODE, {"phone": "10000000020"})
    with time_machine.travel(start + timedelta(minutes=5, seconds=1), tick=False):
        answer = client.post(CONFIRM, {"code": sms.code})
    assert answer["Location"] == CODE
    assert not is_in(client)


def test_five_wrong_codes_end_the_try(client, street, sms):
    client.post(CODE, {"phone": "10000000020"})
    wrong = wrong_code(sms.code)
    for _try in range(4):
        assert client.post(CONFIRM, {"code": wrong}).status_code == 422
    assert client.post(CONFIRM, {"code": wrong})["Location"] == CODE
    assert client.post(CONFIRM, {"code": sms.code})["Location"] == CODE  # too late
    assert not is_in(client)


def test_a_slip_of_the_hand_costs_no_try(client, street, sms):
    client.post(CODE, {"phone": "10000000020"})
    for _slip in range(6):
        assert client.post(CONFIRM, {"code": "12345"}).status_code == 422
    assert client.post(CONFIRM, {"code": sms.code}).status_code == 302


def test_one_code_a_minute_and_ten_a_day_per_phone(client, street, sms):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for minute in range(12):
            clock.move_to(start + timedelta(minutes=2 * minute))
            answer = client.post(CODE, {"phone": "10000000020"})
            assert answer.status_code == (302 if minute < 10 else 422)
            again = client.post(CODE, {"phone": "10000000020"})
            assert again.status_code == 422
            assert "一分钟只能获取一次" in again.content.decode()
        assert len(sms) == 10
        clock.move_to(start + timedelta(days=1, minutes=30))
        assert client.post(CODE, {"phone": "10000000020"}).status_code == 302


def test_sending_again_voids_the_first_code(client, street, sms):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client.post(CODE, {"phone": "10000000020"})
        first = sms.code
        early = client.post(CONFIRM, {"action": "resend"})
        assert early.status_code == 422
        clock.shift(61)
        while len(sms) < 2 or sms.code == first:
            assert client.post(CONFIRM, {"action": "resend"})["Location"] == CONFIRM
            clock.shift(61)
        assert client.post(CONFIRM, {"code": first}).status_code == 422
        assert client.post(CONFIRM, {"code": sms.code}).status_code == 302


def test_sending_again_to_an_unknown_phone_tells_nothing(client, street, sms):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client.post(CODE, {"phone": "10000009999"})
        clock.shift(61)
        assert client.post(CONFIRM, {"action": "resend"})["Location"] == CONFIRM
    assert len(sms) == 2


@pytest.mark.parametrize("phone", ["10000000020", "10000009999"])
def test_a_gateway_that_is_down_is_said_to_be(client, street, monkeypatch, phone):
    def down(*_message):
        raise OSError("no route")

    monkeypatch.setattr("inbox.channels.sms", down)
    answer = client.post(CODE, {"phone": phone})
    assert answer.status_code == 422
    assert "短信暂时发不出去" in answer.content.decode()


# --- out ---------------------------------------------------------------------------------------


def test_a_link_does_not_sign_out_and_a_button_does(client, street):
    enter(client, street.wang)
    assert "退出登录？" in client.get("/accounts/logout/").content.decode()
    assert is_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert not is_in(client)


# --- the demo ----------------------------------------------------------------------------------


def test_only_the_demo_offers_its_accounts(client, street, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    accounts = [
        {"role": "resident", "name": "王居民", "phone": "10000000020", "password": PASSWORD}
    ]
    (tmp_path / "demo_accounts.json").write_text(json.dumps(accounts), "utf-8")
    assert PASSWORD not in client.get(LOGIN).content.decode()
    settings.DEMO = True
    page = client.get(LOGIN).content.decode()
    assert PASSWORD in page
    assert "只在演示环境显示" in page
