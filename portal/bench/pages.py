"""Group ``pages``: home, issue list, issue page, chain page and desk against the bare page.

Real gunicorn with two sync workers, real HTTP, one request at a time, the pages taking turns so
that a slow moment hits all of them; medians are compared (budgets: DESIGN, "Speed and size").
"""

import contextlib
import gzip
import http.client
import re
import socket
import statistics
import subprocess
import sys
import time

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grids.models import Issue
from orgs.models import Area, Person
from orgs.positions import Position
from portal.bench import Result

ROUNDS, WARM_UP = 60, 12
ANONYMOUS_GOAL, SIGNED_IN_GOAL, QUERIES_GOAL, FIRST_PAGE_GOAL_KB = 1.7, 2.5, 10, 100


def pages() -> list[Result]:
    results = compare("pages", _visits())
    size = round(_first_page_bytes() / 1000, 1)
    results.append(Result("pages", "first page, everything", size, "kB", goal=FIRST_PAGE_GOAL_KB))
    return results


def compare(group: str, visits: dict[str, tuple[str, Person | None]]) -> list[Result]:
    """Each visit's time as a ratio to the bare page of the same run, and its queries."""
    visits = {"bare": ("/bare/", None), **visits}
    medians = _measure(visits)
    unit = medians.pop("bare")
    results = [Result(group, "bare", round(unit, 2), "ms")]
    for name, milliseconds in medians.items():
        signed_in = bool(visits[name][1])
        results.append(
            Result(
                group=group,
                name=name,
                value=round(milliseconds, 2),
                unit="ms",
                against="bare",
                ratio=round(milliseconds / unit, 2),
                goal=SIGNED_IN_GOAL if signed_in else ANONYMOUS_GOAL,
            )
        )
    for name, (path, person) in visits.items():
        if name != "bare":
            count = _queries(path, person)
            results.append(Result(group, f"{name}: queries", count, "queries", goal=QUERIES_GOAL))
    return results


def _visits() -> dict[str, tuple[str, Person | None]]:
    """Name → address and who goes there (None: a visitor)."""
    issue = Issue.objects.visible_to_public().order_by("-created_at").first()
    community = Area.objects.filter(level="community", organizations__isnull=False).first()
    worker = Person.objects.filter(appointments__position=Position.GRID_WORKER).first()
    resident = (
        Person.objects.filter(residences__state="verified", appointments=None)
        .exclude(phone_digest=None)
        .first()
    )
    if not (issue and community and worker and resident):
        raise RuntimeError("pages: the bench database holds no demo street")
    chain = f"/chain/{community.code}/"
    anonymous = {
        "home": "/",
        "issue list": "/issues/",
        "issue page": f"/issues/{issue.number}/",
        "chain page": chain,
        "search": "/issues/?q=%E6%A5%BC%E9%81%93",
        "figures": "/issues/account/",
    }
    visits: dict[str, tuple[str, Person | None]] = {
        name: (path, None) for name, path in anonymous.items()
    }
    visits |= {f"{name}, resident": (path, resident) for name, path in anonymous.items()}
    visits["desk, grid worker"] = ("/desk/", worker)
    visits["issue list, grid worker"] = ("/issues/", worker)
    visits["queue, grid worker"] = ("/issues/queue/", worker)
    return visits


def _cookie(person: Person | None) -> dict[str, str]:
    if person is None:
        return {}
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={client.cookies[name].value}"}


def _measure(visits) -> dict[str, float]:
    """Median milliseconds per visit."""
    requests = {name: (path, _cookie(person)) for name, (path, person) in visits.items()}
    times: dict[str, list[float]] = {name: [] for name in requests}
    with _server() as port:
        for turn in range(WARM_UP + ROUNDS):
            for name, (path, headers) in requests.items():
                started = time.perf_counter()
                _get(port, path, headers)
                if turn >= WARM_UP:
                    times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def _get(port: int, path: str, headers: dict[str, str]) -> bytes:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        wire.request("GET", path, headers=headers)
        answer = wire.getresponse()
        body = answer.read()
    finally:
        wire.close()
    if answer.status != 200:
        raise RuntimeError(f"pages: {path} answered {answer.status}")
    return body


@contextlib.contextmanager
def _server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", "portal.bench.wsgi:application"),
        *("--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "warning"),
    ]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                _get(port, "/healthz", {})
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise RuntimeError("pages: gunicorn did not start") from None
                time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _queries(path: str, person: Person | None) -> int:
    client = Client()
    if person is not None:
        client.force_login(person)
    client.get(path)  # content types and the like are read once per process
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)


def _first_page_bytes() -> int:
    """The home page and all it loads, compressed as the server sends it."""
    with _server() as port:
        markup = _get(port, "/", {})
        total = len(gzip.compress(markup))
        for href in sorted(set(re.findall(rb'(?:href|src)="(/static/[^"]+)"', markup))):
            total += len(gzip.compress(_get(port, href.decode(), {})))
    return total
