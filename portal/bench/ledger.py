"""Group ``ledger``: what a posting, a batch, a balance, the seal and the proof cost.

In a database of its own, which is dropped afterwards: what is posted cannot be taken away. Every
figure stands against another of the same run (``docs/performance.md`` tells them).
"""

import contextlib
import json
import random
import re
import shutil
import statistics
import subprocess
import time
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from orgs.models import Area, Person
from points import accounts, ledger, periods, seal, verification
from points.ledger import Posting
from points.models import Account, Entry, Transfer
from portal import embedded
from portal.bench import Result
from portal.bench.posting import SECONDS, rate

CLIENTS = (1, 4, 8)
BOOKS, WALLETS = 64, 40  # communities, and accounts in each
BATCH = 1_000
SIZES = (10_000, 100_000, 1_000_000)
RIVAL = Path(settings.BASE_DIR, ".venv", "rival", "bin", "python")
DAY = timezone.localdate()


def posting() -> list[Result]:
    with _scratch():
        _open_books()
        return [*_singles(), *_batches(), *_growing()]


@contextlib.contextmanager
def _scratch():
    """A migrated, empty database beside ours."""
    ours = connection.settings_dict["NAME"]
    name = f"{ours}_ledger"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = ours
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _open_books() -> None:
    """Communities with a fund each, and the same few people's accounts in all of them."""
    people = Person.objects.bulk_create(Person(name=f"{n}") for n in range(WALLETS))
    for n in range(BOOKS):
        community = Area.objects.add_root({"level": "city", "code": f"{9000 + n}", "name": f"{n}"})
        fund = accounts.fund_of(community)
        Account.objects.bulk_create(
            Account(community=community, kind="person", person=person, floor=0) for person in people
        )
        BOOKS_OF.append((community.pk, fund.pk, _wallets(community)))


BOOKS_OF: list[tuple[int, int, list[int]]] = []  # community, fund, wallets


def _wallets(community) -> list[int]:
    rows = Account.objects.filter(community=community, kind="person").order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _one(books, key: str, chance: random.Random) -> Posting:
    community, fund, wallets = books
    return Posting(
        community=community,
        debit=fund,
        credit=chance.choice(wallets),
        amount=chance.randint(1, 9),
        key=key,
        kind="award",
        happened_on=DAY,
        reason="楼道清扫",
    )


# --- single postings -----------------------------------------------------------------------------


def _singles() -> list[Result]:
    """The public API and psycopg against pgbench calling the same function, and the rival."""
    results, rivals = [], _rivals()
    for clients in CLIENTS:
        rates = {}
        for case, books in (("spread", BOOKS_OF), ("hot", BOOKS_OF[:1])):
            bare = rates["bare", case] = _pgbench(clients, books)
            api = rates["api", case] = rate(clients, _api(books))
            name = f"{clients} clients, {case}"
            results.append(Result("ledger", f"function, {name}", round(bare), "/s"))
            results.append(_held("API", api, "function", bare, 0.5, name))
            if rivals:
                rival = rivals[f"{clients} {case}"]
                goal = 5 if clients == 8 else None
                results.append(Result("ledger", f"hordak, {name}", round(rival), "/s"))
                results.append(_held("API", api, "hordak", rival, goal, name))
        hot, spread = rates["api", "hot"], rates["api", "spread"]
        results.append(_held("hot", hot, "spread", spread, 0.9, f"API, {clients} clients"))
    return results


def _held(what, rate_, against, other, goal, name) -> Result:
    """A rate against another, at least ``goal`` times as much."""
    return Result(
        group="ledger",
        name=f"{what} / {against}, {name}",
        value=round(rate_),
        unit="/s",
        against=against,
        ratio=round(rate_ / other, 2),
        goal=goal,
        at_least=True,
    )


def _api(books):
    def job(client: int):
        chance, run = random.Random(client), uuid.uuid4().hex  # noqa: S311

        def call(number: int) -> None:
            ledger.post(_one(chance.choice(books), f"{run}:{number}", chance))

        return call

    return job


_SCRIPT = """\\set book random(0, {last})
\\set wallet random(0, {wallets})
SELECT * FROM points_post(jsonb_build_array(jsonb_build_object(
    'community', ({communities})[(:book + 1)], 'debit', ({funds})[(:book + 1)],
    'credit', ({firsts})[(:book + 1)] + :wallet, 'amount', 5,
    'key', 'b' || gen_random_uuid(), 'kind', 'award', 'happened_on', '{day}',
    'reason', '楼道清扫')));
"""


def _pgbench(clients: int, books) -> float:
    """Transactions a second of a C client that calls the function and nothing else."""
    arrays = {
        "communities": [community for community, _fund, _wallets in books],
        "funds": [fund for _community, fund, _wallets in books],
        "firsts": [wallets[0] for _community, _fund, wallets in books],
    }
    script = (
        _SCRIPT.format(
            last=len(books) - 1,
            wallets=WALLETS - 1,
            day=DAY,
            **{name: f"'{{{','.join(map(str, ids))}}}'::bigint[]" for name, ids in arrays.items()},
        )
        .replace("[:book", "[(:book")
        .replace("+ 1]", "+ 1)]")
    )
    facts = connection.settings_dict
    done = subprocess.run(  # noqa: S603
        [
            *(_pgbench_binary(), "--no-vacuum", "--protocol=prepared", "--file=-"),
            *("--client", str(clients), "--jobs", str(min(clients, 2))),
            *("--time", str(round(SECONDS)), "--host", facts["HOST"], "--port", facts["PORT"]),
            *("--username", facts["USER"], facts["NAME"]),
        ],
        input=script,
        env={"PGPASSWORD": facts["PASSWORD"]},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"ledger: pgbench said {done.stderr[-500:]}")
    return float(found.group(1))


def _pgbench_binary() -> str:
    if found := shutil.which("pgbench"):
        return found
    return str(embedded._postgres_bin(embedded.place(settings.DATA_DIR)) / "pgbench")


def _rivals() -> dict[str, float]:
    """django-hordak with lock and balance check, in a database of its own; {} without it."""
    if not RIVAL.exists():
        return {}
    facts = connection.settings_dict
    name = f"{facts['NAME']}_rival"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        done = subprocess.run(  # noqa: S603
            [str(RIVAL), str(Path(__file__).with_name("rival.py")), json.dumps(CLIENTS)],
            env={
                "PGHOST": facts["HOST"],
                "PGPORT": facts["PORT"],
                "PGUSER": facts["USER"],
                "PGPASSWORD": facts["PASSWORD"],
                "PGDATABASE": name,
                "SECONDS": str(SECONDS),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"ledger: the rival said {done.stderr[-800:]}")
        return json.loads(done.stdout.splitlines()[-1])
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


# --- batches -------------------------------------------------------------------------------------

# What a batch writes at the very least: the rows of transfers and entries, and the balances.
_FLOOR = """
WITH posted AS (
    INSERT INTO points_transfer (community_id, unit_id, key, debit_id, credit_id, amount, kind,
           happened_on, lot_on, period, reason, posted_at)
    SELECT %(community)s, 'points', %(run)s || n, %(fund)s, (%(wallets)s)[n %% 40 + 1], n %% 9 + 1,
           'award', %(day)s, %(day)s, date_trunc('month', %(day)s::date), '楼道清扫',
           (%(day)s::date + time '12:00') AT TIME ZONE 'Asia/Shanghai'
      FROM generate_series(1, %(batch)s) n
    RETURNING id, credit_id, amount
), moved AS (
    UPDATE points_account a SET posted = a.posted + p.amount, seq = a.seq + p.moves
      FROM (SELECT credit_id, sum(amount) AS amount, count(*) AS moves FROM posted
             GROUP BY credit_id) p
     WHERE a.id = p.credit_id
    RETURNING a.id, a.posted - p.amount AS before, a.seq - p.moves AS seq, a.held
)
INSERT INTO points_entry (community_id, account_id, seq, transfer_id, delta, posted, held)
SELECT %(community)s, m.id, m.seq + row_number() OVER w, p.id, p.amount,
       m.before + sum(p.amount) OVER w, m.held
  FROM posted p JOIN moved m ON m.id = p.credit_id
WINDOW w AS (PARTITION BY m.id ORDER BY p.id)
"""


def _batches() -> list[Result]:
    chance, floor, ours = random.Random(1), [], []  # noqa: S311
    for turn in range(12):
        books = BOOKS_OF[turn % BOOKS]
        rows = [_one(books, f"batch:{turn}:{n}", chance) for n in range(BATCH)]
        started = time.perf_counter()
        ledger.post_many(rows)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        _write_floor(books, f"floor:{turn}:", BATCH)
        floor.append(time.perf_counter() - started)
    least, took = (1000 * statistics.median(times[2:]) for times in (floor, ours))
    return [
        Result("ledger", f"set-based floor, {BATCH} rows", round(least, 1), "ms"),
        Result(
            *("ledger", f"batch of {BATCH} by the API", round(took, 1), "ms", "floor"),
            ratio=round(took / least, 2),
            goal=3,
        ),
    ]


def _write_floor(books, run: str, batch: int, day=DAY) -> None:
    community, fund, wallets = books
    values = {
        "community": community,
        "fund": fund,
        "wallets": wallets,
        "run": run,
        "batch": batch,
        "day": day,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FLOOR, values)


# --- a ledger that grows -------------------------------------------------------------------------


def _growing() -> list[Result]:
    """Reads at three sizes; then sealing and proving all of it."""
    seal.run()
    sealed_before, results, written = _entries(), [], 0
    _community, fund, wallets = BOOKS_OF[0]
    wallet, fund = Account.objects.get(pk=wallets[0]), Account.objects.get(pk=fund)
    for size in SIZES:
        while (missing := size - _entries()) > 0:
            written += 1
            past = DAY.replace(day=1) - timedelta(days=31 * (written % 20 + 1))
            books = BOOKS_OF[written % BOOKS]
            _write_floor(books, f"past:{written}:", min(missing, 20_000), past.replace(day=2))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        results.append(_read("wallet", wallet, size, goal=1.3))
    periods.close_due()
    results.append(_read("fund", fund, SIZES[-1]))
    open_month = Transfer.objects.filter(community=fund.community, period=DAY.replace(day=1))
    results.append(Result("ledger", "that fund's open month", open_month.count(), "rows"))
    return [*results, *_proofs(_entries() - sealed_before)]


def _read(name: str, account: Account, size: int, goal: float | None = None) -> Result:
    """A balance against the read of any row by its key, in turns."""
    took, bare = [], []
    for _turn in range(300):
        started = time.perf_counter()
        Area.objects.values_list("name", flat=True).get(pk=account.community_id)
        between = time.perf_counter()
        accounts.balance(account)
        took.append(1000 * (time.perf_counter() - between))
        bare.append(1000 * (between - started))
    balance, row = statistics.median(took), statistics.median(bare)
    return Result(
        *("ledger", f"balance of a {name}, {size:,} entries", round(balance, 2), "ms"),
        against="any row by its key",
        ratio=round(balance / row, 2),
        goal=goal,
    )


def _entries() -> int:
    return Entry.objects.count()


def _proofs(new: int) -> list[Result]:
    one_process = _made_by_one_process()
    started = time.perf_counter()
    seal.run()
    sealed = new / (time.perf_counter() - started)
    started = time.perf_counter()
    report = verification.check(full=True)
    proved = _entries() / (time.perf_counter() - started)
    if report.count:
        raise RuntimeError(f"ledger: the books are wrong: {report.findings[:3]}")
    return [
        Result("ledger", "leaves made by one process, entries", round(one_process), "/s"),
        Result(*("ledger", "seal, entries", round(sealed), "/s"), goal=250_000, at_least=True),
        Result("ledger", "prove everything, entries", round(proved), "/s"),
    ]


def _made_by_one_process() -> float:
    """Entries a second whose leaves are only made, and by nobody else; nothing is written."""
    up_to = Transfer.objects.latest("pk").pk
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for after in range(0, up_to, seal.AT_ONCE):
            cursor.execute(
                "SELECT count(leaf) FROM points_leaves_part(%s, %s)", [after, after + seal.AT_ONCE]
            )
    return _entries() / (time.perf_counter() - started)
