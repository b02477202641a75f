"""Whatever is killed in the middle, the list is posted once and the books are clean."""

import os
import shutil
import signal
import sys
import time

import psycopg
import pytest

from portal import embedded
from tests.points.writer import ALL
from tests.processes import database_url, open_folder, run, running

pytestmark = pytest.mark.stack


@pytest.fixture
def folder():
    base = open_folder()
    yield base
    embedded.stop(base)
    shutil.rmtree(base)


def lines(log) -> list[str]:
    return [line for line in log.read_text().splitlines() if line[:1].isdigit()]


def begun(log, process) -> int:
    """Wait until the process has posted some more pieces; how many lines there are."""
    deadline, before = time.monotonic() + 60, len(lines(log)) if log.exists() else 0
    while len(lines(log)) < before + 15:
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return len(lines(log))


def copied(folder, stores) -> None:
    """The tests' own database, by a dump: half a minute faster than migrating."""
    binaries = embedded._postgres_bin(embedded.place(folder))
    dump = folder / "dump"
    for command in (
        ("pg_dump", "--format=custom", f"--file={dump}", database_url()),
        ("pg_restore", "--no-owner", f"--dbname={stores.database_url}", dump),
    ):
        done = run(binaries / command[0], *command[1:])
        assert done.returncode == 0, done.stderr


def test_the_poster_and_then_the_server_are_killed_and_nothing_is_lost_or_twice(
    db, folder, tmp_path
):
    # Not durable against power cuts, which nobody simulates here: a killed server loses nothing.
    stores = embedded.start(folder, durable=False)
    copied(folder, stores)
    where = {"DATABASE_URL": stores.database_url, "REDIS_URL": stores.redis_url, "DATA_DIR": folder}
    log = tmp_path / "writer.log"
    writer = (sys.executable, "-m", "tests.points.writer")

    with running(*writer, log=log, **where) as process:
        begun(log, process)
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    assert len(lines(log)) < ALL // 5

    with running(*writer, log=log, **where) as process:
        begun(log, process)
        os.kill(embedded.status(folder)["PostgreSQL"], signal.SIGKILL)
        assert process.wait(30) not in (0, None)
    stores = embedded.start(folder, durable=False)

    done = run(*writer, **where)
    assert done.returncode == 0, done.stderr
    last, new = done.stdout.split("\n")[-2].split()
    assert int(last) == ALL
    assert 0 < int(new) < ALL  # some were there from before
    with psycopg.connect(stores.database_url) as connection:
        counted = connection.execute(
            "SELECT count(*), sum(amount), (SELECT sum(posted) FROM points_account) "
            "FROM points_transfer"
        ).fetchone()
    total = sum(n % 7 + 1 for n in range(ALL))
    assert counted == (ALL, total, total)

    proved = run(sys.executable, "manage.py", "verify_ledger", "--full", **where)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert f"流水 {ALL} 笔" in proved.stdout
