"""What the tests of sign-in share."""

from tests.cast import PASSWORD


def enter(client, person, *, password=PASSWORD, **more):
    """By the form, as in a browser."""
    data = {"phone": person.phone, "password": password, **more}
    return client.post("/accounts/login/", data)


def is_in(client) -> bool:
    return client.get("/accounts/profile/").status_code == 200


def wrong_code(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"
