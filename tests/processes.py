"""Whole processes for tests, and patience for what they do."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHOSEN = ("PORTAL_MODE", "DATABASE_URL", "REDIS_URL", "DATA_DIR", "SECRET_KEY", "FIELD_KEYS")


def environment(**more) -> dict[str, str]:
    """Ours, without what chooses settings, and with ``more``."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in {*CHOSEN, "DEBUG", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER"}
        and not name.startswith("PORTAL_")
    }
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**clean, "PATH": path, **{name: str(value) for name, value in more.items()}}


def database_url() -> str:
    """The tests' own database, password included, for a process of its own."""
    from django.db import connection

    facts = connection.settings_dict
    user = f"{quote(facts['USER'], safe='')}:{quote(facts['PASSWORD'], safe='')}"
    return f"postgresql://{user}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


def run(*command, timeout: float = 60, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def open_folder() -> Path:
    """One that the low account reaches, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="portal-"))
    folder.chmod(0o755)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, *, seconds: float = 60, what: str = "it"):
    """Wait for something true and hand it back."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.1)
    return answer


def get(url: str, **headers) -> tuple[int, str]:
    """Status and body; 0 when nobody answers."""
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@contextlib.contextmanager
def running(*command, log: Path, **more):
    """A process for the length of the block; ended by SIGTERM, then by force."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment(**more),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
