"""Waking a worker. Only a courtesy: the sweep finds whatever a lost nudge left.

Therefore it may cost nothing: one attempt on a connection with its own short limits, and after a
failure the broker is left alone for a while. A person's click never waits for a dead broker.
"""

import logging
import os
import threading
import time

from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 0.5  # to connect, and again for the answer
REST_SECONDS = 10  # how long a broker that failed is left alone
TASK = "inbox.tasks.deliver"

_turn = threading.Lock()  # a kombu channel serves one thread at a time
_rest_until = 0.0
_connection: Connection | None = None
_owner = 0  # the process that opened it: a fork must not write to its parent's socket


def worker(task: str = TASK, *args) -> bool:
    """Ask for a delivery run, or another swept task; True when the broker took it.

    Never raises, never hangs.
    """
    global _rest_until
    if time.monotonic() < _rest_until or not _turn.acquire(timeout=LIMIT_SECONDS):
        return False
    try:
        # Worthless once the sweep has been by, so a long backlog clears itself.
        current_app.send_task(task, args, connection=_open(), retry=False, expires=30)
    except (OperationalError, OSError) as error:
        _drop()
        _rest_until = time.monotonic() + REST_SECONDS
        logger.warning("broker unreachable, the sweep will deliver: %s", error)
        return False
    finally:
        _turn.release()
    return True


def forget() -> None:
    """Drop the connection and try again at the next nudge."""
    global _rest_until
    with _turn:
        _drop()
        _rest_until = 0.0


def _drop() -> None:
    global _connection
    connection, _connection = _connection, None
    if connection is not None and _owner == os.getpid():
        try:
            connection.release()
        except (OperationalError, OSError):
            logger.debug("broken broker connection dropped", exc_info=True)


def _open() -> Connection:
    global _connection, _owner
    if _connection is None or _owner != os.getpid():
        _owner = os.getpid()
        _connection = current_app.connection_for_write().clone(
            connect_timeout=LIMIT_SECONDS,
            transport_options={
                **current_app.conf.broker_transport_options,
                "socket_connect_timeout": LIMIT_SECONDS,
                "socket_timeout": LIMIT_SECONDS,
                "retry_on_timeout": False,
                "max_retries": 0,
                "connect_retries_timeout": LIMIT_SECONDS,
            },
        )
    return _connection
