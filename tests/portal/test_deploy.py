"""The compose file is one that compose takes, settings read, and processes start from."""

import importlib.util
import json
import os
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest

from portal import embedded
from tests.processes import ROOT, free_port, get, open_folder, run, running, until

OURS = ("migrate", "web", "worker", "beat")
FILLED = {
    "PORTAL_DOMAIN": "portal.example",
    "SECRET_KEY": "k" * 30 + "9Z" * 15,
    "FIELD_KEYS": "f" * 30 + "7Q" * 15,
    "DATABASE_PASSWORD": "databasepassword",
    "DATABASE_ADMIN_PASSWORD": "adminpassword",
    "BROKER_PASSWORD": "brokerpassword",
    "DEFAULT_FROM_EMAIL": "portal@portal.example",
    "SMS_CHANNEL": "inbox.channels.ConsoleSms",
}
# What the images of other people read.
FOREIGN = {
    "postgres": {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"},
    "valkey": {"REDISCLI_AUTH"},
    "proxy": set(),
}


def compose(*arguments, **environment):
    """The real binary; the package's console script would swallow the exit status."""
    spec = importlib.util.find_spec("compose")
    binary = Path(next(iter(spec.submodule_search_locations))) / "docker-compose"
    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    nothing = ("--env-file", os.devnull)
    return run(binary, *nothing, "-f", "docker-compose.yml", *arguments, **environment)


@pytest.fixture(scope="module")
def services():
    answer = compose("config", "--format", "json", **FILLED)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["services"]


def test_compose_takes_the_file(services):
    assert set(services) == {*OURS, "postgres", "valkey", "proxy"}


@pytest.mark.parametrize("missing", sorted(FILLED))
def test_a_missing_secret_stops_compose_by_name(missing):
    filled = {name: value for name, value in FILLED.items() if name != missing}
    answer = compose("config", "--quiet", **filled)
    assert answer.returncode != 0
    assert missing in answer.stderr


def test_the_example_names_what_must_be_set():
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert set(FILLED) <= named


def test_settings_read_every_variable_that_compose_sets(services):
    sources = [*(ROOT / "portal").glob("*.py")]
    read = set()
    for source in sources:
        text = source.read_text()
        read |= set(re.findall(r"env_\w+\(\s*\"([A-Z_]+)\"", text))
        read |= set(re.findall(r"environ\.get\(\"([A-Z_]+)\"", text))
    for name in OURS:
        assert set(services[name]["environment"]) - read == set(), name


def test_other_images_get_only_what_they_or_our_files_read(services):
    script = (ROOT / "deploy/postgres-role.sh").read_text()
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    for name, known in FOREIGN.items():
        ours = set(re.findall(r"\$\{?([A-Z_]+)", script if name == "postgres" else caddyfile))
        assert set(services[name]["environment"]) - known - ours == set(), name


def test_only_the_proxy_has_ports(services):
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]


def test_every_service_comes_back_and_says_how_it_is(services):
    for name, service in services.items():
        if name == "migrate":
            assert service["restart"] == "on-failure"
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name


def test_the_stores_are_out_of_reach_from_outside(services):
    for name in ("postgres", "valkey"):
        assert set(services[name]["networks"]) == {"stores"}
    assert set(services["proxy"]["networks"]) == {"outside"}


def test_the_image_runs_as_nobody_in_particular_from_hashed_locks(services):
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER portal$", text, re.M)
    installs = re.findall(r"pip install [^&]*", text.replace("\\\n", " "))
    assert installs
    assert all("--require-hashes" in install for install in installs)
    for name in OURS:
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"], name


def test_the_image_carries_every_app():
    copied = set(re.findall(r"^COPY (\w+) \w+$", (ROOT / "Dockerfile").read_text(), re.M))
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps | {"templates", "static", "locale", "data"} == copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} <= set(ignored)


@pytest.mark.parametrize("name", ["base", "dev", "uv", "bench"])
def test_every_direct_dependency_is_locked_by_hash_and_explained(name):
    lines = (ROOT / f"requirements/{name}.in").read_text().splitlines()
    named = {re.split(r"[\[~=<>]", line)[0] for line in lines if line and line[:2] != "-r"}
    lock = (ROOT / f"requirements/{name}.txt").read_text()
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==", lock, re.M))
    explained = set(
        re.findall(r"^\| `([\w.-]+)`", (ROOT / "docs/dependencies.md").read_text(), re.M)
    )
    assert named - locked == set()
    assert named - explained == set()
    assert "://" not in re.sub(r"^ *#.*$", "", lock, flags=re.M), "a lock names no address"


@pytest.fixture
def data_dir():
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.stack
def test_each_service_starts_by_its_own_command(services, data_dir, tmp_path):
    port = free_port()
    with embedded.in_use(data_dir, durable=False) as stores:

        def of(name):
            return {
                **services[name]["environment"],
                "DATABASE_URL": stores.database_url,
                "REDIS_URL": stores.redis_url,
                "DATA_DIR": str(data_dir),
                "HOST": "127.0.0.1",
                "PORT": str(port),
            }

        def command(name):
            schedule = str(tmp_path / "beat-schedule")
            return [
                schedule if part == "/tmp/beat-schedule" else part  # noqa: S108
                for part in services[name]["command"]
            ]

        def health(name):
            check = services[name]["healthcheck"]["test"]
            assert check[0] == "CMD"
            return run(*check[1:], **of(name))

        migrated = run(*command("migrate"), timeout=240, **of("migrate"))
        assert migrated.returncode == 0, migrated.stderr
        assert (
            run(sys.executable, "manage.py", "collectstatic", "--noinput", **of("web")).returncode
            == 0
        )
        assert health("worker").returncode == health("beat").returncode == 1

        def start(name):
            return running(*command(name), log=tmp_path / f"{name}.log", **of(name))

        address = f"http://127.0.0.1:{port}"
        https = {"Host": "portal.example", "X-Forwarded-Proto": "https"}
        with start("web"), start("worker"), start("beat"):
            until(lambda: get(f"{address}/healthz", **https)[0] == 200, what="/healthz")
            until(lambda: get(f"{address}/readyz", **https)[0] == 200, seconds=60, what="/readyz")
            for name in ("web", "worker", "beat"):
                assert health(name).returncode == 0, name
            # Plain HTTP is sent to HTTPS, a foreign name is refused.
            assert get(f"{address}/healthz", Host="evil.example")[0] == 400
        lines = (tmp_path / "worker.log").read_text()
        assert "Traceback" not in lines
