"""A zero byte is answered with 400, wherever it stands; never with 500."""

import pytest

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/chain/%00/",
    "/chain/?q=%00",
    "/chain/?q=a%00b&open=1",
    "/issues/?category=%00",
    "/issues/%00/",
    "/issues/photos/%00/small/",
    "/mygrid/?grid=%00",
    "/accounts/login/?next=/%00",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_zero_byte_in_an_address_is_refused(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    assert "请" in answer.content.decode()  # our own page, in words


def test_a_zero_byte_in_a_cookie_is_refused(client):
    answer = client.get("/", headers={"Cookie": r'sessionid="\000aaaaaaaaaaaa"'})
    assert answer.status_code == 400


def test_a_percent_sign_alone_is_fine(client):
    assert client.get("/chain/?q=%2500").status_code == 200


def test_a_zero_byte_in_a_form_is_told_beside_the_field(client):
    data = {"phone": "100\x000000020", "password": "x"}
    assert client.post("/accounts/login/", data).status_code == 422
