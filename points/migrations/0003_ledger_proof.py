"""What closing a month, sealing and verifying stand on.

``points_inside``: is somebody still writing who began before a line was drawn. ``points_turnover``:
what came and went per account in a span of months. ``points_leaves``: the digest of each transfer.
A shut month shuts the months before it, too, and its line may be drawn anew after a restore.
Takes no time; nothing is lost backwards.
"""

from importlib import import_module

from django.db import migrations, models

# Transactions of this database that began before ``horizon`` and go on. The snapshot settles it
# mostly; otherwise the locks tell, which know the database: another one on the same server, with
# its long nightly transactions, holds up nothing here. A transaction without its lock yet has not
# looked at the books yet; one whose lock is gone is visible to the next statement.
INSIDE = """
CREATE FUNCTION points_inside(horizon bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT CASE
        WHEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= horizon THEN false
        ELSE EXISTS (
            SELECT 1 FROM pg_locks l LEFT JOIN pg_stat_activity s ON s.pid = l.pid
             WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
               AND l.pid IS DISTINCT FROM pg_backend_pid()
               AND (s.datname IS NULL OR s.datname = current_database())
               -- transaction numbers wrap round at 2^32
               AND ((horizon - l.transactionid::text::bigint) % 4294967296 + 4294967296)
                   % 4294967296 BETWEEN 1 AND 2147483647)
    END
$$;
"""

TURNOVER = """
CREATE FUNCTION points_turnover(community bigint, since date, until date)
RETURNS TABLE (account bigint, came bigint, went bigint, held bigint)
LANGUAGE sql STABLE AS $$
    SELECT side.account, sum(side.came)::bigint, sum(side.went)::bigint, sum(side.held)::bigint
      FROM points_transfer t CROSS JOIN LATERAL (VALUES
           (t.debit_id, 0, CASE WHEN t.kind IN ('hold', 'void') THEN 0 ELSE t.amount END,
            CASE t.kind WHEN 'hold' THEN t.amount
                 WHEN 'void' THEN -t.amount WHEN 'capture' THEN -t.amount ELSE 0 END),
           (t.credit_id, CASE WHEN t.kind IN ('hold', 'void') THEN 0 ELSE t.amount END, 0, 0)
           ) AS side (account, came, went, held)
     WHERE t.community_id = $1 AND t.period > $2 AND t.period <= $3
     GROUP BY side.account
$$;
"""

# Number, and the beginning of the SHA-256 of everything the transfer and its entries say. The text
# is JSON with days as they are written and the moment in UTC, so it can be told again elsewhere.
LEAVES = """
CREATE FUNCTION points_leaves(after bigint, up_to bigint)
RETURNS TABLE (community bigint, id bigint, leaf bytea)
LANGUAGE sql STABLE AS $$
    SELECT t.community_id, t.id,
           int8send(t.id) || substr(sha256(convert_to(json_build_array(
               t.id, t.community_id, t.unit_id, t.key, t.debit_id, t.credit_id, t.amount, t.kind,
               t.happened_on, t.lot_on, t.period, t.pending_of_id, t.reversal_of_id,
               t.due_at AT TIME ZONE 'UTC', t.reason, t.actor_id, t.approver_id,
               t.rule_version_id, t.posted_at AT TIME ZONE 'UTC', e.lines)::text, 'UTF8')), 1, 8)
      FROM points_transfer t
      LEFT JOIN (
           SELECT n.transfer_id,
                  string_agg(concat_ws(' ', n.account_id, n.seq, n.delta, n.posted, n.held,
                                       n.community_id), ',' ORDER BY n.account_id, n.seq) AS lines
             FROM points_entry n WHERE n.transfer_id > $1 AND n.transfer_id <= $2
            GROUP BY n.transfer_id) e ON e.transfer_id = t.id
     WHERE t.id > $1 AND t.id <= $2
$$;
"""

SAME_MONTH = "p.month = t.period"
POST = import_module("points.migrations.0002_ledger_functions").POST.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)

WORDS = """
DROP TRIGGER points_period_words ON points_period;
CREATE TRIGGER points_period_words BEFORE UPDATE OF id, community_id, month, {horizon}shut_at
    ON points_period FOR EACH ROW EXECUTE FUNCTION points_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0002_ledger_functions")]
    operations = [
        migrations.RunSQL(INSIDE, "DROP FUNCTION points_inside(bigint)"),
        migrations.RunSQL(TURNOVER, "DROP FUNCTION points_turnover(bigint, date, date)"),
        migrations.RunSQL(LEAVES, "DROP FUNCTION points_leaves(bigint, bigint)"),
        migrations.RunSQL(POST.replace(SAME_MONTH, "p.month >= t.period"), POST),
        migrations.RunSQL(WORDS.format(horizon=""), WORDS.format(horizon="horizon, ")),
        migrations.AlterModelOptions(
            name="verification",
            options={
                "default_permissions": (),
                "permissions": [("view_books", "查看账本与核验结果")],
                "verbose_name": "账本核验",
                "verbose_name_plural": "账本核验",
            },
        ),
        migrations.AddField(
            model_name="verification",
            name="database",
            field=models.BigIntegerField(default=0),
        ),
    ]
