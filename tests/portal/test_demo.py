"""``make demo``: one sentence when it cannot, everything up when it can, nothing left behind."""

import hashlib
import json
import os
import shutil
import signal
import socket
import sys

import pytest

from portal import demo, embedded
from tests.processes import ROOT, free_port, get, open_folder, run, running, until

pytestmark = pytest.mark.stack
DRIVER = (sys.executable, "-m", "portal.demo")


@pytest.fixture(scope="module")
def folder():
    """Data that count as imported and seeded: what is seeded is tested elsewhere."""
    data_dir = open_folder()
    home = embedded.place(data_dir).home
    divisions = hashlib.sha256(demo.DIVISIONS.read_bytes()).hexdigest()
    done = demo.Done(home, "embedded")
    done["divisions"], done["seed"] = divisions, "small"
    account = {"role": "resident", "name": "王五", "phone": "10000000001"}
    account |= {"password": "generated-here", "area": "梧桐里社区"}
    (data_dir / "demo_accounts.json").write_text(json.dumps([account], ensure_ascii=False))
    yield data_dir
    demo.end_stack(data_dir, patience_seconds=1)
    embedded.stop(data_dir)
    shutil.rmtree(data_dir)


def refused(folder, **more):
    answer = run(*DRIVER, DATA_DIR=folder, **{"PORT": free_port(), **more})
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    return answer.stderr


def test_a_taken_port_is_named_and_another_proposed(folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refused(folder, PORT=port)
    assert f"port {port} is taken" in sentence
    assert f"PORT={port + 1}" in sentence


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_a_port_that_is_none_is_refused(folder, port):
    assert f"PORT={port}" in refused(folder, PORT=port)


def test_too_small_a_disk_is_said_before_anything_is_made(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(0, 0, 10**8))
    with pytest.raises(demo.DemoError, match="not enough disk space"):
        demo.check_disk(folder, first=True)


def test_a_disk_that_fills_up_later_gets_one_sentence(folder):
    class DiskFull(Exception):
        sqlstate = "53100"

    error = RuntimeError("could not extend file")
    error.__cause__ = DiskFull()
    assert "disk full" in demo.explain(error, folder)


def test_the_table_of_accounts_lines_up(folder, capsys, monkeypatch):
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", "8000")
    demo.announce(folder, seconds=1)
    out = capsys.readouterr().out
    assert "http://127.0.0.1:8000/" in out
    head, row = (line for line in out.splitlines() if "手机号" in line or "王五" in line)
    assert demo.width(head.partition("手机号")[0]) == demo.width(row.partition("10000000001")[0])
    assert "generated-here" in row


def test_up_and_down_and_up_after_everything_was_killed(folder, tmp_path):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {"DATA_DIR": folder, "PORT": port}

    with running(*DRIVER, log=tmp_path / "first.log", **settings) as driver:
        until(lambda: get(f"{address}/healthz")[0] == 200, seconds=60, what="the first start")
        until(lambda: "generated-here" in (tmp_path / "first.log").read_text(), what="the table")
        assert "already running" in refused(folder)
        stores = [pid for pid in embedded.status(folder).values() if pid]
        for pid in [driver.pid, *demo.stack_processes(folder), *stores]:
            os.kill(pid, signal.SIGKILL)
        driver.wait(5)

    with running(*DRIVER, log=tmp_path / "second.log", **settings) as driver:
        until(lambda: get(f"{address}/healthz")[0] == 200, seconds=60, what="the second start")
        os.kill(driver.pid, signal.SIGKILL)  # and now only the driver: its processes live on
        driver.wait(5)
    assert demo.stack_processes(folder)

    with running(*DRIVER, log=tmp_path / "third.log", **settings) as driver:
        until(lambda: "generated-here" in (tmp_path / "third.log").read_text(), seconds=60)
        assert "cleared what a killed start left" in (tmp_path / "third.log").read_text()
        driver.send_signal(signal.SIGINT)
        assert driver.wait(30) == 0
    assert not demo.stack_processes(folder)
    assert not any(embedded.status(folder).values())


def test_reset_asks_and_removes_only_what_is_ours():
    data_dir = open_folder()
    (data_dir / "mine.txt").write_text("not the portal's")
    embedded.addresses(data_dir)
    assert run(*DRIVER, "reset", DATA_DIR=data_dir).returncode == 1  # nobody there to say yes
    assert (data_dir / "database_password").exists()
    assert run(*DRIVER, "reset", DATA_DIR=data_dir, YES="1").returncode == 0
    assert [path.name for path in data_dir.iterdir()] == ["mine.txt"]
    shutil.rmtree(data_dir)


def test_reset_refuses_while_the_stores_run(folder):
    with embedded.in_use(folder):
        answer = run(*DRIVER, "reset", DATA_DIR=folder, YES="1")
    assert answer.returncode == 1
    assert "still running" in answer.stderr
    assert (folder / "postgres").exists()


def test_make_says_what_python_lacks(tmp_path):
    for lacking, words in (("version_info", "3.11"), ("ensurepip", "python3-venv")):
        python = tmp_path / lacking
        python.write_text(f'#!/bin/sh\ncase "$*" in *{lacking}*) exit 1;; esac\nexit 0\n')
        python.chmod(0o755)
        copy = tmp_path / f"tree-{lacking}"
        (copy / "requirements").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", copy)
        for name in ("uv", "base"):
            shutil.copy(ROOT / f"requirements/{name}.txt", copy / "requirements")
        answer = run("make", "-C", copy, "demo", f"PYTHON={python}")
        assert answer.returncode != 0
        assert words in answer.stderr.splitlines()[0]
        assert not (copy / ".venv").exists()
