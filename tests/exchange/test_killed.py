"""Killed between the hold and the handing over: nothing is lost, nothing is given twice."""

import signal
import sys
import time

import pytest

from exchange.models import Order, OrderState
from points import accounts, verification
from points.models import Transfer
from tests.exchange import window as windows
from tests.exchange.writer import ALL
from tests.processes import database_url, run, running

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


def test_killed_between_hold_and_handing_over(window, tmp_path, settings):
    stamp = windows.item(window, "X01", "邮票一枚", "goods", 5)
    offer = windows.offer(window.merchant, stamp, ALL, by=window.shang)
    where = {"DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL, "DATA_DIR": tmp_path}
    keys = (offer.pk, window.wang_points.pk, window.wang.pk, window.shang.pk)
    writer = (sys.executable, "-m", "tests.exchange.writer", *keys)
    log = tmp_path / "writer.log"

    def open_after_a_kill() -> int:
        begun = log.read_text().count("placed") if log.exists() else 0
        with running(*writer, log=log, **where) as process:
            deadline = time.monotonic() + 60
            while not log.exists() or log.read_text().count("placed") < begun + 12:
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline
            process.kill()
            assert process.wait(10) == -signal.SIGKILL
        time.sleep(0.2)  # the server notices that nobody is there
        return consistent()

    def consistent() -> int:
        """What is open is held and reserved, what is issued is paid; how many are open."""
        open_ones = Order.objects.filter(state=OrderState.RESERVED).count()
        issued = Order.objects.filter(state=OrderState.ISSUED).count()
        offer.refresh_from_db()
        window.wang_points.refresh_from_db()
        assert (offer.on_hand, offer.reserved) == (ALL - issued, open_ones)
        assert window.wang_points.held == 5 * open_ones
        assert window.wang_points.posted == 1000 - 5 * issued
        assert Transfer.objects.filter(kind="hold").count() == open_ones + issued
        return open_ones

    for _try in range(3):  # until one is caught with the hold written and nothing handed over
        if open_after_a_kill():
            break
    assert Order.objects.count() < ALL

    done = run(*writer, **where)
    assert done.returncode == 0, done.stderr
    assert consistent() == 0
    assert Order.objects.filter(state=OrderState.ISSUED).count() == ALL
    assert accounts.of_merchant(window.merchant_shop, window.community).posted == 5 * ALL
    assert verification.check(full=True).findings == []
