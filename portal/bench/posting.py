"""Clients that post as fast as they can, in processes of their own, at the same time."""

import multiprocessing
import time
from collections.abc import Callable

from django.db import connections

SECONDS = 3.0


def rate(clients: int, job: Callable[[int], Callable[[int], None]]) -> float:
    """Calls a second of all clients together; ``job(client)`` prepares and gives what is called."""
    connections.close_all()  # a forked child must not share its parent's
    context = multiprocessing.get_context("fork")
    start, counts = context.Barrier(clients), context.Queue()
    children = [
        context.Process(target=_run, args=(client, job, start, counts)) for client in range(clients)
    ]
    for child in children:
        child.start()
    total = sum(counts.get(timeout=60 + SECONDS) for _child in children)
    for child in children:
        child.join()
    return total


def _run(client: int, job, start, counts) -> None:
    call = job(client)
    call(0)  # connected, planned
    start.wait()
    number, begun = 0, time.perf_counter()
    while (now := time.perf_counter()) - begun < SECONDS:
        number += 1
        call(number)
    counts.put(number / (now - begun))
    connections.close_all()
