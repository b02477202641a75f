"""How far long work has come: a bar on a terminal, now and then a plain line otherwise."""

import sys
import time
from contextlib import contextmanager

from tqdm import tqdm

LINE_EVERY_SECONDS = 5


@contextmanager
def bar(label: str, total: int, stream=None):
    """Yields ``advance(count)``; says at the end how many and how long."""
    stream = stream or sys.stderr
    stream = getattr(stream, "_out", stream)  # a command's wrapper ends every write with a newline
    if stream.isatty():
        with tqdm(total=total, desc=label, file=stream, unit="", dynamic_ncols=True) as shown:
            yield shown.update
        return
    started = spoke = time.monotonic()
    done = 0

    def advance(count: int = 1) -> None:
        nonlocal done, spoke
        done += count
        if time.monotonic() - spoke > LINE_EVERY_SECONDS:
            spoke = time.monotonic()
            print(f"{label} {done}/{total}", file=stream, flush=True)

    yield advance
    seconds = time.monotonic() - started
    print(f"{label} {done}/{total}，{seconds:.1f} 秒", file=stream, flush=True)
