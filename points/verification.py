"""Proving the books: every promise of the ledger is counted again, and what breaks it is named.

    report = verification.check()            # since the last clean run
    report = verification.check(full=True)   # from scratch

All checks look at one snapshot. Incrementally, transfers are new from the last clean run's sealed
line on: below it no number can still appear, so none is ever skipped.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.outbox import tell
from orgs.models import Appointment, Person
from orgs.positions import Position
from points import seal
from points.ledger import LedgerError
from points.models import Block, SealRound, Verification

PER_CHECK, KEPT = 200, 500  # findings named by one check, and in a report
ROUNDS_AT_ONCE = 10
LOCK = 4_201_203
PROGRESS, PROGRESS_SECONDS = "points:verification", 15 * 60
KIND = "points.ledger_findings"


class AlreadyRunning(LedgerError):
    def __init__(self):
        super().__init__(_("账本正在核验，请等这一次结束"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is not as it must be."""

    check: str
    table: str
    id: int | None
    community: int | None
    text: str


@dataclass
class Report:
    is_full: bool
    after: int = 0
    up_to: int = 0
    transfers: int = 0
    accounts: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def note(self, found: list[Finding], count: int | None = None) -> None:
        self.count += len(found) if count is None else count
        self.findings += found[: KEPT - len(self.findings)]


@dataclass(frozen=True)
class Check:
    """A query for rows that should not be; its first two columns are id and community.

    All further columns fill ``text`` by their names. ``%(after)s`` is the last transfer that need
    not be looked at again, ``%(since)s`` the moment of that look.
    """

    code: str
    title: object
    table: str
    text: object
    sql: str
    only_full: bool = False


# What a transfer does to accounts that keep a balance: said here once more, apart from the
# function that posts.
_MOVES = """
moves AS (
    SELECT t.id AS transfer_id, t.community_id, t.key, side.account_id, side.delta, side.hold
      FROM points_transfer t
     CROSS JOIN LATERAL (VALUES
           (t.debit_id, CASE WHEN t.kind IN ('hold', 'void') THEN 0 ELSE -t.amount END,
            CASE WHEN t.kind = 'hold' THEN t.amount
                 WHEN t.kind IN ('capture', 'void') THEN -t.amount ELSE 0 END),
           (t.credit_id, CASE WHEN t.kind IN ('hold', 'void') THEN NULL ELSE t.amount END, 0)
           ) AS side (account_id, delta, hold)
      JOIN points_account a ON a.id = side.account_id AND a.floor IS NOT NULL
     WHERE t.id > %(after)s AND side.delta IS NOT NULL
)"""

CHECKS = (
    Check(
        "row",
        gettext_lazy("流水本身"),
        "points_transfer",
        gettext_lazy(
            "流水 %(key)s（%(amount)s）不合记账规则：数额、两端账户、记账月份或经办、批准人有误"
        ),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
          LEFT JOIN points_account d ON d.id = t.debit_id
          LEFT JOIN points_account c ON c.id = t.credit_id
         WHERE t.id > %(after)s AND NOT coalesce(
               t.amount > 0 AND t.debit_id <> t.credit_id
               AND t.community_id = d.community_id AND t.community_id = c.community_id
               AND t.unit_id = d.unit_id AND t.unit_id = c.unit_id
               AND t.actor_id IS NOT DISTINCT FROM nullif(t.actor_id, t.approver_id)
               AND t.period = date_trunc('month', t.posted_at AT TIME ZONE 'Asia/Shanghai')::date
               AND (t.kind = 'hold') = (t.due_at IS NOT NULL)
               AND (t.kind IN ('capture', 'void')) = (t.pending_of_id IS NOT NULL)
               AND (t.kind = 'reverse') = (t.reversal_of_id IS NOT NULL), false)
        """,
    ),
    Check(
        "key",
        gettext_lazy("业务编号"),
        "points_transfer",
        gettext_lazy("业务编号 %(key)s 出现不止一次：流水 %(id)s 与 %(there)s"),
        """
        SELECT t.id, t.community_id, t.key, o.id AS there
          FROM points_transfer t
          JOIN points_transfer o
            ON o.community_id = t.community_id AND o.key = t.key AND o.id < t.id
         WHERE t.id > %(after)s
        """,
    ),
    Check(
        "entries",
        gettext_lazy("流水与明细"),
        "points_entry",
        gettext_lazy(
            "流水 %(transfer)s（%(key)s）在账户 %(account)s 上应记 %(expected)s，实记 %(there)s"
        ),
        # One entry for each move, and no other.
        "WITH "  # noqa: S608 (no values in it)
        + _MOVES
        + """,
        there AS (
            SELECT e.transfer_id, e.account_id, min(e.id) AS id,
                   min(e.community_id) AS community_id,
                   string_agg(e.delta::text, '、' ORDER BY e.seq) AS delta
              FROM points_entry e WHERE e.transfer_id > %(after)s
             GROUP BY e.transfer_id, e.account_id
        )
        SELECT there.id, coalesce(m.community_id, there.community_id) AS community_id,
               coalesce(m.transfer_id, there.transfer_id) AS transfer, coalesce(m.key, '—') AS key,
               coalesce(m.account_id, there.account_id) AS account,
               coalesce(m.delta::text, '—') AS expected, coalesce(there.delta, '—') AS there
          FROM moves m FULL JOIN there USING (transfer_id, account_id)
         WHERE m.delta::text IS DISTINCT FROM there.delta
            OR m.community_id IS DISTINCT FROM there.community_id
        """,
    ),
    Check(
        "running",
        gettext_lazy("明细的序号与结余"),
        "points_entry",
        gettext_lazy(
            "账户 %(account)s 第 %(seq)s 条明细：应为第 %(want_seq)s 条、余额 %(want_posted)s、"
            "冻结 %(want_held)s，实为余额 %(posted)s、冻结 %(held)s"
        ),
        """
        WITH since AS (
            SELECT account_id, min(seq) AS seq FROM points_entry
             WHERE transfer_id > %(after)s GROUP BY account_id
        ), line AS (
            SELECT e.*, since.seq AS since_seq,
                   lag(e.seq, 1, 0::bigint) OVER w + 1 AS want_seq,
                   lag(e.posted, 1, 0::bigint) OVER w + e.delta AS want_posted,
                   lag(e.held, 1, 0::bigint) OVER w AS held_before
              FROM since JOIN points_entry e
                ON e.account_id = since.account_id AND e.seq >= since.seq - 1
            WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq)
        ), judged AS (
            SELECT l.*, l.held_before + CASE
                     WHEN l.account_id <> t.debit_id THEN 0 WHEN t.kind = 'hold' THEN t.amount
                     WHEN t.kind IN ('capture', 'void') THEN -t.amount ELSE 0 END AS want_held
              FROM line l LEFT JOIN points_transfer t ON t.id = l.transfer_id
             WHERE l.seq >= l.since_seq
        )
        SELECT id, community_id, account_id AS account, seq, want_seq, want_posted,
               coalesce(want_held::text, '—') AS want_held, posted, held
          FROM judged
         WHERE (seq, posted) <> (want_seq, want_posted) OR held IS DISTINCT FROM want_held
        """,
    ),
    Check(
        "balance",
        gettext_lazy("账户与最后一条明细"),
        "points_account",
        gettext_lazy(
            "账户 %(id)s：最后一条明细是第 %(want_seq)s 条、余额 %(want_posted)s、"
            "冻结 %(want_held)s，账户上却是第 %(seq)s 条、余额 %(posted)s、冻结 %(held)s"
            "（下限 %(floor)s）"
        ),
        """
        SELECT a.id, a.community_id, a.seq, a.posted, a.held, coalesce(a.floor::text, '—') AS floor,
               coalesce(e.seq, 0) AS want_seq, coalesce(e.posted, 0) AS want_posted,
               coalesce(e.held, 0) AS want_held
          FROM points_account a
          LEFT JOIN LATERAL (SELECT seq, posted, held FROM points_entry e
                              WHERE e.account_id = a.id ORDER BY seq DESC LIMIT 1) e ON true
         WHERE (a.seq, a.posted, a.held)
               <> (coalesce(e.seq, 0), coalesce(e.posted, 0), coalesce(e.held, 0))
            OR a.posted - a.held < a.floor OR a.held < 0
            OR (a.floor IS NULL) <> (a.kind IN ('fund', 'issuance', 'clearing', 'expiry'))
        """,
    ),
    Check(
        "sum",
        gettext_lazy("余额与流水之和"),
        "points_account",
        gettext_lazy("账户 %(id)s：流水合计 %(expected)s，余额却是 %(there)s"),
        "WITH "  # noqa: S608 (no values in it)
        + _MOVES
        + """
        SELECT a.id, a.community_id, coalesce(sum(m.delta), 0) AS expected, a.posted AS there
          FROM points_account a LEFT JOIN moves m ON m.account_id = a.id
         WHERE a.floor IS NOT NULL
         GROUP BY a.id HAVING coalesce(sum(m.delta), 0) <> a.posted
        """,
        only_full=True,
    ),
    Check(
        "held",
        gettext_lazy("冻结额与未了结的冻结"),
        "points_account",
        gettext_lazy("账户 %(id)s：未了结的冻结合计 %(expected)s，账户上冻结却是 %(there)s"),
        """
        WITH open AS (
            SELECT t.debit_id, sum(t.amount) AS amount FROM points_transfer t
             WHERE t.kind = 'hold' AND NOT EXISTS (
                   SELECT 1 FROM points_transfer e WHERE e.pending_of_id = t.id)
             GROUP BY t.debit_id
        )
        SELECT a.id, a.community_id, coalesce(o.amount, 0) AS expected, a.held AS there
          FROM points_account a LEFT JOIN open o ON o.debit_id = a.id
         WHERE a.floor IS NOT NULL AND coalesce(o.amount, 0) <> a.held
        """,
    ),
    Check(
        "ending",
        gettext_lazy("兑付、解冻与冻结"),
        "points_transfer",
        gettext_lazy(
            "流水 %(id)s（%(key)s）了结冻结 %(there)s，但与它对不上，或那笔冻结已经了结过"
        ),
        """
        SELECT t.id, t.community_id, t.key, t.pending_of_id AS there
          FROM points_transfer t LEFT JOIN points_transfer o ON o.id = t.pending_of_id
         WHERE t.id > %(after)s AND t.pending_of_id IS NOT NULL AND (
               o.kind IS DISTINCT FROM 'hold'
               OR (t.community_id, t.debit_id, t.credit_id, t.amount)
                  IS DISTINCT FROM (o.community_id, o.debit_id, o.credit_id, o.amount)
               OR EXISTS (SELECT 1 FROM points_transfer x
                           WHERE x.pending_of_id = t.pending_of_id AND x.id < t.id))
        """,
    ),
    Check(
        "reversal",
        gettext_lazy("冲正与原流水"),
        "points_transfer",
        gettext_lazy("流水 %(id)s（%(key)s）冲正流水 %(there)s，但与它对不上，或那一笔已经冲正过"),
        """
        SELECT t.id, t.community_id, t.key, t.reversal_of_id AS there
          FROM points_transfer t LEFT JOIN points_transfer o ON o.id = t.reversal_of_id
         WHERE t.id > %(after)s AND t.reversal_of_id IS NOT NULL AND (
               o.id IS NULL OR o.kind IN ('hold', 'void', 'reverse')
               OR (t.community_id, t.debit_id, t.credit_id, t.amount, t.lot_on)
                  IS DISTINCT FROM (o.community_id, o.credit_id, o.debit_id, o.amount, o.lot_on)
               OR EXISTS (SELECT 1 FROM points_transfer x
                           WHERE x.reversal_of_id = t.reversal_of_id AND x.id < t.id))
        """,
    ),
    Check(
        "statement",
        gettext_lazy("对账单"),
        "points_statement",
        gettext_lazy(
            "账户 %(account)s %(month)s 的对账单：应为期初 %(want_opening)s、转入 %(want_came)s、"
            "转出 %(want_went)s、冻结 %(want_held)s，实为 %(there)s"
        ),
        """
        WITH month AS (
            SELECT p.id, p.community_id, p.month, p.closed_at,
                   lag(p.month, 1, '-infinity'::date) OVER (
                       PARTITION BY p.community_id ORDER BY p.month) AS since
              FROM points_period p WHERE p.closed_at IS NOT NULL
        ), moved AS (
            SELECT m.id AS period_id, t.account AS account_id, t.came, t.went, t.held
              FROM month m
             CROSS JOIN LATERAL points_turnover(m.community_id, m.since, m.month) t
             WHERE m.closed_at > %(since)s
        ), there AS (
            SELECT s.* FROM points_statement s JOIN month m ON m.id = s.period_id
             WHERE m.closed_at > %(since)s
        ), judged AS (
            SELECT s.id, m.community_id, a.id AS account, to_char(m.month, 'YYYY-MM') AS month,
                   coalesce(l.closing, 0) AS want_opening, coalesce(v.came, 0) AS want_came,
                   coalesce(v.went, 0) AS want_went,
                   CASE WHEN a.floor IS NULL THEN 0
                        ELSE coalesce(l.held, 0) + coalesce(v.held, 0) END AS want_held,
                   s.opening, s.credited, s.debited, s.closing, s.held
              FROM moved v FULL JOIN there s USING (period_id, account_id)
              JOIN month m ON m.id = period_id
              LEFT JOIN points_account a ON a.id = account_id
              LEFT JOIN LATERAL (
                   SELECT o.closing, o.held FROM points_statement o
                     JOIN points_period p ON p.id = o.period_id
                    WHERE o.account_id = a.id AND p.month < m.month
                    ORDER BY p.month DESC LIMIT 1) l ON true
        )
        SELECT id, community_id, account, month, want_opening, want_came, want_went, want_held,
               coalesce(concat_ws(' / ', opening, credited, debited, held), '—') AS there
          FROM judged
         WHERE (opening, credited, debited, closing, held) IS DISTINCT FROM
               (want_opening, want_came, want_went, want_opening + want_came - want_went, want_held)
        """,
    ),
    Check(
        "late",
        gettext_lazy("结账以后入账"),
        "points_transfer",
        gettext_lazy("流水 %(id)s（%(key)s）记入已结账的 %(month)s"),
        """
        SELECT t.id, t.community_id, t.key, to_char(t.period, 'YYYY-MM') AS month
          FROM points_transfer t
          JOIN LATERAL (SELECT max(p.month) AS month, max(p.closed_at) AS closed_at
                          FROM points_period p
                         WHERE p.community_id = t.community_id AND p.closed_at IS NOT NULL) p
            ON t.period <= p.month
         WHERE t.id > %(after)s AND t.posted_at > (
               SELECT min(q.closed_at) FROM points_period q
                WHERE q.community_id = t.community_id AND q.month >= t.period)
        """,
    ),
    Check(
        "award",
        gettext_lazy("奖励与申报"),
        "points_transfer",
        gettext_lazy("奖励 %(key)s（%(amount)s）背后没有一项认证、审批、公示完毕的同额申报"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
         WHERE t.id > %(after)s AND t.kind = 'award' AND t.rule_version_id IS NOT NULL
           AND NOT EXISTS (
               SELECT 1 FROM points_claim c
                 JOIN points_batch b ON b.id = c.batch_id
                 JOIN publicity_notice n ON n.id = b.notice_id
                 JOIN points_account a ON a.id = t.credit_id
                WHERE c.transfer_id = t.id AND c.points = t.amount
                  AND c.state IN ('posted', 'reversed') AND n.state = 'closed'
                  AND c.approver_id IS NOT NULL
                  AND (c.certifier_id IS NOT NULL OR c.source = 'system')
                  AND CASE WHEN c.to_household THEN a.household_id = c.household_id
                           ELSE a.person_id = c.person_id END)
        """,
    ),
    Check(
        "budget",
        gettext_lazy("拨付、退回与预算"),
        "points_transfer",
        gettext_lazy("预算流水 %(key)s（%(amount)s）背后没有一份两人批准的同额预算"),
        """
        SELECT t.id, t.community_id, t.key, t.amount
          FROM points_transfer t
         WHERE t.id > %(after)s AND t.kind = 'return'
           AND NOT EXISTS (
               SELECT 1 FROM points_budget b
                WHERE b.transfer_id = t.id AND b.points = t.amount AND b.kind = t.kind
                  AND b.area_id = t.community_id AND b.approved_at IS NOT NULL
                  AND (b.set_by_id, b.approved_by_id) = (t.actor_id, t.approver_id))
        """,
    ),
    Check(
        "round",
        gettext_lazy("封存批次"),
        "points_sealround",
        gettext_lazy("封存批次 %(id)s 应从流水 %(expected)s 之后起，实从 %(there)s 之后起"),
        """
        SELECT r.number AS id, NULL::bigint AS community_id, r.want AS expected, r.after AS there
          FROM (SELECT number, after, lag(up_to, 1, 0::bigint) OVER w AS want,
                       row_number() OVER w AS place
                  FROM points_sealround WINDOW w AS (ORDER BY number)) r
         WHERE r.after <> r.want OR r.number <> r.place
        """,
    ),
    Check(
        "chain",
        gettext_lazy("封存链"),
        "points_block",
        gettext_lazy("封存块 %(number)s 的摘要与前一块或与自己的内容对不上"),
        """
        SELECT b.id, b.community_id, b.number
          FROM (SELECT o.*, row_number() OVER w AS place,
                       lag(o.digest, 1, %(start)s) OVER w AS before
                  FROM points_block o WINDOW w AS (PARTITION BY community_id ORDER BY number)) b
          JOIN points_sealround r ON r.number = b.round_id
         WHERE b.number <> b.place OR b.previous <> b.before
            OR (r.up_to > %(after)s AND (
                b.digest <> sha256(b.previous || b.leaves) OR length(b.leaves) <> 16 * b.count))
        """,
    ),
)

# What apps above know of their own transfers; said when an app is ready.
_FROM_ABOVE: dict[str, Check] = {}


def register(*checks: Check) -> None:
    """Have ``checks`` made, too; again the same changes nothing. They read the caller's tables."""
    _FROM_ABOVE.update({each.code: each for each in checks})


# Points come from somewhere: all accounts of a community's books add up to nothing. The big ones
# are counted from their transfers, from the last statement on when there is one to trust.
_ALL_TRANSFERS = """
    SELECT a.community_id, a.unit_id,
           CASE WHEN a.id = t.credit_id THEN t.amount ELSE -t.amount END AS amount
      FROM points_transfer t JOIN points_account a ON a.id IN (t.debit_id, t.credit_id)
     WHERE a.floor IS NULL AND t.kind NOT IN ('hold', 'void')
"""
_SINCE_STATEMENTS = """
    SELECT a.community_id, a.unit_id, l.closing AS amount
      FROM points_account a
      JOIN LATERAL (SELECT s.closing FROM points_statement s
                      JOIN points_period p ON p.id = s.period_id
                     WHERE s.account_id = a.id ORDER BY p.month DESC LIMIT 1) l ON true
     WHERE a.floor IS NULL
    UNION ALL
    SELECT a.community_id, a.unit_id, CASE WHEN a.id = t.credit_id THEN t.amount ELSE -t.amount END
      FROM (SELECT a.community_id AS id, coalesce(max(p.month), '-infinity') AS month
              FROM (SELECT DISTINCT community_id FROM points_account) a
              LEFT JOIN points_period p
                ON p.community_id = a.community_id AND p.closed_at IS NOT NULL
             GROUP BY a.community_id) c
      JOIN points_transfer t ON t.community_id = c.id AND t.period > c.month
      JOIN points_account a ON a.id IN (t.debit_id, t.credit_id)
     WHERE a.floor IS NULL AND t.kind NOT IN ('hold', 'void')
"""
_CONSERVATION = """
SELECT NULL::bigint AS id, s.community_id, s.unit_id AS unit, sum(s.amount) AS there
  FROM (SELECT community_id, unit_id, posted AS amount FROM points_account WHERE floor IS NOT NULL
        UNION ALL %s) s
 GROUP BY s.community_id, s.unit_id HAVING sum(s.amount) <> 0
"""


def _conservation(full: bool) -> Check:
    return Check(
        "conservation",
        gettext_lazy("收支相抵"),
        "points_account",
        gettext_lazy("全部账户（%(unit)s）合计应为 0，实为 %(there)s"),
        _CONSERVATION % (_ALL_TRANSFERS if full else _SINCE_STATEMENTS),
    )


# Recomputed and stored leaves of each block, where they differ.
_LEAVES = """
WITH wanted AS (
    SELECT r.number AS round_id, l.community AS community_id,
           string_agg(l.leaf, '' ORDER BY l.id) AS leaves
      FROM points_sealround r CROSS JOIN LATERAL points_leaves(r.after, r.up_to) l
     WHERE r.number BETWEEN %(first)s AND %(last)s AND r.sealed_at IS NOT NULL
     GROUP BY r.number, l.community
), there AS (
    SELECT id, round_id, community_id, number, leaves FROM points_block
     WHERE round_id BETWEEN %(first)s AND %(last)s
)
SELECT there.id, community_id, there.number, coalesce(wanted.leaves, ''), coalesce(there.leaves, '')
  FROM wanted FULL JOIN there USING (round_id, community_id)
 WHERE wanted.leaves IS DISTINCT FROM there.leaves
"""


# --- checking ------------------------------------------------------------------------------------


def check(
    *,
    full: bool = False,
    against: list[tuple[str, int, str]] | None = None,
    after: int = 0,
    since=None,
    told: Callable[[int, int], None] = lambda step, steps: None,
) -> Report:
    """Count everything again, after transfer ``after`` or (``full``) from scratch; writes nothing.

    ``against``: published block heads (``seal.read``). ``told(step, steps)`` is called as it goes.
    """
    report = Report(is_full=full, after=0 if full else after)
    values = {
        "after": report.after,
        "since": "-infinity" if full or since is None else since,
        "start": seal.START,
    }
    asked = (*CHECKS, *_FROM_ABOVE.values(), _conservation(full))
    checks = [c for c in asked if full or not c.only_full]
    steps = len(checks) + 2
    with _one_snapshot():
        _measure(report)
        for step, each in enumerate(checks):
            told(step, steps)
            report.note(*_ask(each, values))
        told(len(checks), steps)
        for found in _leaves(report.after):
            report.note(found)
        told(len(checks) + 1, steps)
        report.note(_against(against or []))
    return report


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """What is being posted meanwhile is seen by all checks or by none.

    Inside a caller's transaction the books are looked at as they stand there.
    """
    inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not inside:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL jit = off")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
        yield


def _measure(report: Report) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM points_transfer WHERE id > %s),"
            " (SELECT count(*) FROM points_account),"
            " (SELECT coalesce(max(up_to), 0) FROM points_sealround WHERE sealed_at IS NOT NULL)",
            [report.after],
        )
        report.transfers, report.accounts, report.up_to = cursor.fetchone()


def _ask(each: Check, values: dict) -> tuple[list[Finding], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) OVER () AS found, q.* FROM ({each.sql}) q"  # noqa: S608
            f" ORDER BY q.id LIMIT {PER_CHECK}",
            values,
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = [
        Finding(each.code, each.table, row["id"], row["community_id"], str(each.text) % row)
        for row in rows
    ]
    return found, rows[0]["found"] if rows else 0


def _leaves(after: int) -> Iterator[list[Finding]]:
    """Sealed transfers that changed, went or came since; by number."""
    rounds = SealRound.objects.filter(up_to__gt=after).order_by("number")
    numbers = list(rounds.values_list("number", flat=True))
    for place in range(0, len(numbers), ROUNDS_AT_ONCE):
        some = numbers[place : place + ROUNDS_AT_ONCE]
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES, {"first": some[0], "last": some[-1]})
            rows = cursor.fetchall()
        for block, community, number, wanted, there in rows:
            yield _compared(block, community, number, _by_id(wanted), _by_id(there))


def _by_id(leaves: bytes) -> dict[int, bytes]:
    leaves = bytes(leaves)
    return {
        int.from_bytes(leaves[at : at + 8]): leaves[at + 8 : at + 16]
        for at in range(0, len(leaves), 16)
    }


def _compared(block, community, number, now: dict, sealed: dict) -> list[Finding]:
    texts = {}
    for pk in now.keys() | sealed.keys():
        if pk not in now:
            texts[pk] = _("流水 %(id)s 已封存在第 %(number)s 块，现已不存在")
        elif pk not in sealed:
            texts[pk] = _("流水 %(id)s 不在应当包含它的封存块中，是后来补入的")
        elif now[pk] != sealed[pk]:
            texts[pk] = _("流水 %(id)s 或其明细与第 %(number)s 块封存时的内容不同")
    found = [
        Finding(
            "leaf",
            "points_transfer",
            pk,
            community,
            texts[pk] % {"id": pk, "number": number if number is not None else "—"},
        )
        for pk in sorted(texts)
    ]
    if not found:
        text = _("第 %(number)s 块中流水的排列与封存时不同") % {"number": number}
        found = [Finding("leaf", "points_block", block, community, text)]
    return found


def _against(heads: list[tuple[str, int, str]]) -> list[Finding]:
    """Published heads that the books do not have any more."""
    blocks = {
        (code, number): (pk, community, bytes(digest).hex())
        for pk, community, code, number, digest in Block.objects.filter(
            community__code__in={code for code, _number, _digest in heads},
            number__in={number for _code, number, _digest in heads},
        ).values_list("pk", "community", "community__code", "number", "digest")
    }
    found = []
    for code, number, digest in heads:
        block, community, there = blocks.get((code, number), (None, None, None))
        if there != digest:
            text = _(
                "社区 %(code)s 第 %(number)s 块：公布的摘要为 %(expected)s，账本中为 %(there)s"
            )
            values = {"code": code, "number": number, "expected": digest, "there": there or "—"}
            found.append(Finding("head", "points_block", block, community, text % values))
    return found


# --- running -------------------------------------------------------------------------------------


def run(*, full: bool = False, against: list[tuple[str, int, str]] | None = None) -> Verification:
    """Check, keep the result, and tell the auditors and system administrators of findings.

    From scratch too when there is no clean run of this database to begin from: the first time,
    and after a dump was restored. Raises AlreadyRunning.
    """
    started_at = timezone.now()
    base = last_clean()
    full = full or base is None
    try:
        report = check(
            full=full,
            against=against,
            after=0 if full else base.up_to,
            since=None if full else base.started_at,
            told=_remember(started_at, full),
        )
    finally:
        cache.delete(PROGRESS)
    return _keep(report, started_at)


@transaction.atomic
def _keep(report: Report, started_at) -> Verification:
    kept = Verification.objects.create(
        is_full=report.is_full,
        started_at=started_at,
        finished_at=timezone.now(),
        after=report.after,
        up_to=report.up_to,
        transfers=report.transfers,
        accounts=report.accounts,
        finding_count=report.count,
        findings=[asdict(finding) for finding in report.findings],
        database=database_number(),
    )
    if not kept.is_clean:
        tell(
            _watchers(),
            kind=KIND,
            title=_("账本核验发现 %(count)d 处问题") % {"count": kept.finding_count},
            text="\n".join(finding.text for finding in report.findings[:5]),
            url="/points/ledger/",
            key=f"ledger-verification:{kept.pk}",
        )
    return kept


def _watchers():
    """The auditors and the system administrators, wherever they sit."""
    return Person.objects.filter(
        pk__in=Appointment.objects.in_force()
        .filter(position__in=[Position.AUDITOR, Position.SYSTEM_ADMIN])
        .values("person")
    )


def database_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::bigint FROM pg_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def last_clean() -> Verification | None:
    """The clean run of this database up to whose line nothing need be looked at again."""
    mine = Verification.objects.filter(database=database_number())
    return mine.filter(finding_count=0).order_by("-finished_at", "-pk").first()


def is_full_due(*, days: int = 7) -> bool:
    """A week since the last one from scratch, or none in this database yet."""
    lately = timezone.now() - timedelta(days=days)
    return not Verification.objects.filter(
        is_full=True, started_at__gt=lately, database=database_number()
    ).exists()


def was_restored() -> bool:
    """Has a dump been restored since the last run?"""
    last = Verification.latest()
    return last is not None and last.database != database_number()


def _remember(started_at, full: bool) -> Callable[[int, int], None]:
    def told(step: int, steps: int) -> None:
        now = {"started_at": started_at, "is_full": full, "step": step + 1, "steps": steps}
        cache.set(PROGRESS, now, PROGRESS_SECONDS)

    return told


def progress() -> dict | None:
    """How far the run that is going on has come."""
    return cache.get(PROGRESS)


def title_of(check_code: str) -> str:
    if check_code in _FROM_ABOVE:
        return str(_FROM_ABOVE[check_code].title)
    return str(_TITLES.get(check_code, check_code))


_TITLES = {
    **{each.code: each.title for each in (*CHECKS, _conservation(True))},
    "leaf": gettext_lazy("封存内容"),
    "head": gettext_lazy("公布的封存摘要"),
}
