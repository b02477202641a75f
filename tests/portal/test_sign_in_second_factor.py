"""Staff prove themselves twice: with TOTP once it is set up, by SMS until then where demanded."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache

from tests.cast import PASSWORD
from tests.portal.sign_in import enter, is_in, wrong_code

ACTIVATE, SECOND = "/accounts/2fa/totp/activate/", "/accounts/2fa/authenticate/"


def code_of(secret: str) -> str:
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))


def set_up(client, person) -> str:
    """Through the pages, the password asked once more; hands back the secret."""
    enter(client, person)
    where = client.get(ACTIVATE)["Location"]
    assert where.startswith("/accounts/reauthenticate/")
    wrong = client.post(where, {"password": "wrong"})
    assert wrong.status_code == 422
    assert "密码不对" in wrong.content.decode()
    assert client.post(where, {"password": PASSWORD})["Location"] == ACTIVATE
    page = client.get(ACTIVATE)
    assert "data:image/svg+xml;base64," in page.content.decode()
    secret = page.context["form"].secret
    refused = client.post(ACTIVATE, {"code": wrong_code(code_of(secret))})
    assert refused.status_code == 422
    answer = client.post(ACTIVATE, {"code": code_of(secret)})
    assert answer["Location"] == "/accounts/2fa/codes/"
    return secret


@pytest.fixture
def li(client, street):
    street.secret = set_up(client, street.li)
    street.codes = client.get("/accounts/2fa/codes/").context["unused_codes"]
    client.post("/accounts/logout/")
    cache.clear()  # the code of this half minute may be used again
    return street


def test_the_secret_is_stored_encrypted(li):
    row = Authenticator.objects.get(type="totp")
    assert li.secret not in str(row.data)


def test_password_and_code_let_in_and_password_alone_does_not(client, li):
    assert enter(client, li.li, next="/messages/")["Location"] == SECOND
    assert not is_in(client)
    assert client.post(SECOND, {"code": wrong_code(code_of(li.secret))}).status_code == 422
    answer = client.post(SECOND, {"code": code_of(li.secret)})
    assert answer["Location"] == "/messages/"
    assert is_in(client)


def test_a_code_counts_once(client, li):
    enter(client, li.li)
    code = code_of(li.secret)
    client.post(SECOND, {"code": code})
    client.post("/accounts/logout/")
    enter(client, li.li)
    assert client.post(SECOND, {"code": code}).status_code == 422


def test_a_recovery_code_stands_in_once(client, li):
    for expected in (302, 422):
        enter(client, li.li)
        assert client.post(SECOND, {"code": li.codes[0]}).status_code == expected
        client.post("/accounts/logout/")


def test_five_wrong_codes_are_enough(client, li):
    enter(client, li.li)
    wrong = wrong_code(code_of(li.secret))
    for _try in range(5):
        client.post(SECOND, {"code": wrong})
    answer = client.post(SECOND, {"code": code_of(li.secret)})
    assert answer.status_code == 422
    assert "试的次数太多" in answer.content.decode()


def test_signing_in_by_sms_asks_for_it_too(client, li, sms):
    client.post("/accounts/login/code/", {"phone": li.li.phone})
    answer = client.post("/accounts/login/code/confirm/", {"code": sms.code})
    assert answer["Location"] == SECOND


def test_it_can_be_switched_off_unless_the_post_demands_it(client, li, settings):
    enter(client, li.li)
    client.post(SECOND, {"code": code_of(li.secret)})
    off = "/accounts/2fa/totp/deactivate/"
    client.post(client.get(off)["Location"], {"password": PASSWORD})
    settings.STAFF_TOTP_REQUIRED = True
    assert "不能关闭" in client.get(off).content.decode()
    assert client.post(off).status_code == 422
    settings.STAFF_TOTP_REQUIRED = False
    assert client.post(off).status_code == 302
    assert not Authenticator.objects.exists()


def test_staff_without_it_set_it_up_before_anything_else(client, street, settings):
    settings.STAFF_TOTP_REQUIRED = True
    enter(client, street.li)
    assert client.get("/messages/")["Location"] == ACTIVATE
    assert client.get("/accounts/profile/")["Location"] == ACTIVATE
    where = client.get(ACTIVATE)["Location"]
    client.post(where, {"password": PASSWORD})
    page = client.get(ACTIVATE)
    assert "须先启用动态口令" in page.content.decode()
    client.post(ACTIVATE, {"code": code_of(page.context["form"].secret)})
    assert client.get("/messages/").status_code == 200
    client.post("/accounts/logout/")
    enter(client, street.wang)  # residents are not bothered
    assert client.get("/messages/").status_code == 200


def test_until_then_a_password_is_followed_by_an_sms_where_demanded(client, street, settings, sms):
    settings.STAFF_SMS_SECOND_STEP = True
    answer = enter(client, street.li, next="/messages/")
    assert answer["Location"] == "/accounts/login/code/confirm/"
    assert sms[-1][0] == street.li.phone
    assert not is_in(client)
    with time_machine.travel(time.time() + 61, tick=False):
        answer = client.post("/accounts/login/code/confirm/", {"action": "resend"})
        assert answer["Location"] == "/accounts/login/code/confirm/"
    answer = client.post("/accounts/login/code/confirm/", {"code": sms.code})
    assert answer["Location"] == "/messages/"
    client.post("/accounts/logout/")
    assert enter(client, street.wang)["Location"] != "/accounts/login/code/confirm/"
