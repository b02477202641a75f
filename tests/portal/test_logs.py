"""The log tells what went wrong, and nothing about whom."""

import sys

import pytest

from tests.processes import run

FAILS = """
import logging.config
from portal import logs
logging.config.dictConfig(logs.configure(level="INFO", as_json={as_json}))
def send(phone, code):
    raise OSError("no line")
try:
    send("139" + "1234" + "5678", "24" + "68" + "13")
except OSError:
    logging.getLogger("portal").exception("no code could be sent")
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_failure_is_logged_without_the_values_at_hand(as_json):
    answer = run(sys.executable, "-c", FAILS.format(as_json=as_json))
    said = answer.stdout + answer.stderr
    assert answer.returncode == 0, said
    assert "no code could be sent" in said
    assert "OSError: no line" in said
    for secret in ("13912345678", "246813"):
        assert secret not in said
