"""Settings refuse nonsense with one clear sentence, and production refuses to run unsafely."""

import os
import re
import runpy
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import settings
from tests.processes import ROOT, environment, run

SECRET = "k" * 30 + "9Z_" * 10
PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": SECRET,
    "FIELD_KEYS": SECRET,
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgresql://portal:x@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SMS_CHANNEL": "inbox.channels.ConsoleSms",
    "PUBLIC_URL": "https://portal.example",
}


def load(show="", **variables):
    script = f"from portal import settings; print({show})"
    return run(sys.executable, "-c", script, **variables)


def test_production_starts_with_everything_set():
    answer = load("settings.SESSION_COOKIE_SECURE, settings.DEBUG", **PRODUCTION)
    assert answer.stdout.strip() == "True False", answer.stderr


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + SECRET}, "SECRET_KEY"),
        ({"SECRET_KEY": "change-me-" + SECRET}, "SECRET_KEY"),
        ({"FIELD_KEYS": ""}, "FIELD_KEYS"),
        ({"FIELD_KEYS": f"{SECRET},short"}, "FIELD_KEYS"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "portal.example,*"}, "ALLOWED_HOSTS"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"COOKIES_SECURE": "0"}, "COOKIES_SECURE"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
    ],
)
def test_production_refuses(monkeypatch, change, named):
    clean = environment(**{**PRODUCTION, **change})
    monkeypatch.setattr(os, "environ", clean)
    with pytest.raises(ImproperlyConfigured, match=named):
        runpy.run_path(settings.__file__)


def test_a_process_that_is_refused_ends_with_one_sentence():
    answer = load(**{**PRODUCTION, "SECRET_KEY": ""})
    assert answer.returncode == 1
    last = answer.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert "SECRET_KEY" in last


def test_development_makes_its_own_secrets_and_keeps_them(tmp_path):
    first = load("settings.SECRET_KEY, settings.FIELD_KEYS", DATA_DIR=tmp_path)
    again = load("settings.SECRET_KEY, settings.FIELD_KEYS", DATA_DIR=tmp_path)
    assert first.stdout == again.stdout
    assert len(first.stdout) > 120, first.stderr


def test_without_urls_the_embedded_stores_are_used(tmp_path):
    answer = load("settings.DATABASES['default']['HOST'], settings.REDIS_URL", DATA_DIR=tmp_path)
    assert answer.stdout.startswith("127.0.0.1 redis://:"), answer.stderr


@pytest.mark.parametrize(
    ("helper", "arguments", "value", "expected"),
    [
        (settings.env_str, ("d",), "", "d"),
        (settings.env_str, ("d",), "  x ", "x"),
        (settings.env_bool, (True,), "", True),
        (settings.env_bool, (True,), "off", False),
        (settings.env_bool, (False,), "YES", True),
        (settings.env_int, (3,), "", 3),
        (settings.env_int, (3,), " 12 ", 12),
        (settings.env_list, (["d"],), "", ["d"]),
        (settings.env_list, (["d"],), "a, ,b", ["a", "b"]),
        (settings.env_choice, ("a", {"a", "b"}), "b", "b"),
        (settings.env_url, ({"https"},), "", ""),
        (settings.env_url, ({"https"},), "https://x", "https://x"),
    ],
)
def test_a_sensible_value_is_read(monkeypatch, helper, arguments, value, expected):
    monkeypatch.setenv("SOME_NAME", value)
    assert helper("SOME_NAME", *arguments) == expected


@pytest.mark.parametrize(
    ("helper", "arguments", "value"),
    [
        (settings.env_bool, (True,), "maybe"),
        (settings.env_int, (3,), "three"),
        (settings.env_int, (3,), "-1"),
        (settings.env_int, (3,), "99999999999"),
        (settings.env_choice, ("a", {"a", "b"}), "c"),
        (settings.env_url, ({"https"},), "ftp://x"),
        (settings.env_url, ({"https"},), "x"),
    ],
)
def test_nonsense_is_refused_by_name(monkeypatch, helper, arguments, value):
    monkeypatch.setenv("SOME_NAME", value)
    with pytest.raises(ImproperlyConfigured, match="SOME_NAME"):
        helper("SOME_NAME", *arguments)


def test_a_database_url_is_taken_apart():
    database = settings.database_from(
        "postgresql://u%40x:p%2F@db.example:6432/portal?sslmode=require"
    )
    assert (database["USER"], database["PASSWORD"]) == ("u@x", "p/")
    assert (database["HOST"], database["PORT"], database["NAME"]) == (
        "db.example",
        "6432",
        "portal",
    )
    assert database["OPTIONS"]["sslmode"] == "require"


def test_a_database_url_may_name_a_socket_folder():
    assert settings.database_from("postgresql:///portal?host=/run/pg")["HOST"] == "/run/pg"
    assert settings.database_from("postgresql://%2Frun%2Fpg/portal")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["postgresql://u@h", "postgresql://u@h:port/portal"])
def test_half_a_database_url_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        settings.database_from(url)


def test_every_variable_is_in_the_docs():
    read = set(re.findall(r"env_\w+\(\s*\"([A-Z_]+)\"", (ROOT / "portal/settings.py").read_text()))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.M))
    assert read - documented == set()


def test_error_reports_carry_nothing_about_people():
    script = (
        "from portal import settings; import sentry_sdk;"
        "said = sentry_sdk.get_client().options;"
        "print(said['send_default_pii'], said['include_local_variables'],"
        " said['max_request_body_size'])"
    )
    dsn = "https://key@reports.example/1"
    answer = run(sys.executable, "-c", script, **{**PRODUCTION, "SENTRY_DSN": dsn})
    assert answer.stdout.strip() == "False False never", answer.stderr
