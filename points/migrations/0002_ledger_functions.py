"""The one function that writes entries, and the triggers that keep what was written.

``points_post`` is called by ``points.ledger`` alone. Its errors carry SQLSTATEs of their own (PT001
and on), which ``points.ledger`` turns into refusals.
"""

from django.db import migrations

# Accounts sit in the books of one community and count one unit; so do both ends of a transfer.
BOOKS = """
ALTER TABLE points_transfer
    ADD CONSTRAINT points_transfer_debit_same_books
        FOREIGN KEY (debit_id, community_id, unit_id)
        REFERENCES points_account (id, community_id, unit_id),
    ADD CONSTRAINT points_transfer_credit_same_books
        FOREIGN KEY (credit_id, community_id, unit_id)
        REFERENCES points_account (id, community_id, unit_id);
-- Balances change in place: room for the new version beside the old one.
ALTER TABLE points_account SET (fillfactor = 60);
"""
NO_BOOKS = """
ALTER TABLE points_transfer
    DROP CONSTRAINT points_transfer_debit_same_books,
    DROP CONSTRAINT points_transfer_credit_same_books;
"""

# What a set of transfers does to accounts that keep a balance.
MOVES = """
CREATE FUNCTION points_moves(ids bigint[])
RETURNS TABLE (transfer bigint, account bigint, delta bigint, hold bigint)
LANGUAGE sql STABLE AS $$
    SELECT t.id, t.debit_id,
           CASE WHEN t.kind IN ('hold', 'void') THEN 0 ELSE -t.amount END,
           CASE t.kind WHEN 'hold' THEN t.amount
                WHEN 'capture' THEN -t.amount WHEN 'void' THEN -t.amount ELSE 0 END
      FROM points_transfer t JOIN points_account a ON a.id = t.debit_id
     WHERE t.id = ANY (ids) AND a.floor IS NOT NULL
    UNION ALL
    SELECT t.id, t.credit_id, t.amount, 0
      FROM points_transfer t JOIN points_account a ON a.id = t.credit_id
     WHERE t.id = ANY (ids) AND a.floor IS NOT NULL AND t.kind NOT IN ('hold', 'void')
$$;
"""

POST = """
CREATE FUNCTION points_post(batch jsonb)
RETURNS TABLE (place integer, transfer bigint, is_new boolean)
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    ends boolean;
    wrong record;
BEGIN
    -- Both the closing of a month and the seal wait for transactions that began before their line.
    -- They know them by their number, so it is taken before the first look at the books; and that
    -- look must be a fresh one, which an older snapshot would not give.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'points are posted in READ COMMITTED only' USING ERRCODE = 'PT005';
    END IF;
    PERFORM pg_current_xact_id();

    WITH wanted AS (
        SELECT w.*, coalesce(w.at, clock_timestamp()) AS booked,
               coalesce(w.period, date_trunc(
                   'month', coalesce(w.at, clock_timestamp()) AT TIME ZONE 'Asia/Shanghai')::date
               ) AS month
          FROM jsonb_to_recordset(batch) AS w (
               community bigint, key text, debit bigint, credit bigint, amount bigint, kind text,
               happened_on date, lot_on date, period date, pending_of bigint, reversal_of bigint,
               due_at timestamptz, reason text, actor bigint, approver bigint,
               rule_version bigint, at timestamptz)
    ), inserted AS (
        INSERT INTO points_transfer AS t (
               community_id, unit_id, key, debit_id, credit_id, amount, kind, happened_on, lot_on,
               period, pending_of_id, reversal_of_id, due_at, reason, actor_id, approver_id,
               rule_version_id, posted_at)
        SELECT w.community, a.unit_id, w.key, w.debit, w.credit, w.amount, w.kind, w.happened_on,
               coalesce(w.lot_on, w.happened_on), w.month, w.pending_of, w.reversal_of, w.due_at,
               coalesce(w.reason, ''), w.actor, w.approver, w.rule_version, w.booked
          FROM wanted w JOIN points_account a ON a.id = w.debit
         ORDER BY w.community, w.key
            ON CONFLICT (community_id, key) DO NOTHING
        RETURNING t.id, t.pending_of_id IS NOT NULL OR t.reversal_of_id IS NOT NULL AS ends
    )
    SELECT coalesce(array_agg(i.id ORDER BY i.id), '{}'), coalesce(bool_or(i.ends), false)
      INTO ids, ends FROM inserted i;

    IF cardinality(ids) > 0 THEN
        SELECT t.key, t.period INTO wrong
          FROM points_transfer t
          JOIN points_period p ON p.community_id = t.community_id AND p.month = t.period
         WHERE t.id = ANY (ids) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'month % is shut', wrong.period
                USING ERRCODE = 'PT002', DETAIL = wrong.period::text;
        END IF;

        IF ends THEN
            SELECT t.key INTO wrong
              FROM points_transfer t
              LEFT JOIN points_transfer o ON o.id = coalesce(t.pending_of_id, t.reversal_of_id)
             WHERE t.id = ANY (ids)
               AND (t.pending_of_id IS NOT NULL OR t.reversal_of_id IS NOT NULL)
               AND NOT coalesce(
                   t.pending_of_id IS NOT NULL AND o.kind = 'hold'
                   AND (t.debit_id, t.credit_id, t.amount) = (o.debit_id, o.credit_id, o.amount)
                   OR t.reversal_of_id IS NOT NULL AND o.kind NOT IN ('hold', 'void', 'reverse')
                   AND (t.debit_id, t.credit_id, t.amount, t.lot_on)
                     = (o.credit_id, o.debit_id, o.amount, o.lot_on), false)
             LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'transfer % does not mirror what it ends', wrong.key
                    USING ERRCODE = 'PT003', DETAIL = wrong.key;
            END IF;
        END IF;

        -- In the order of their numbers: opposite transfers queue up instead of deadlocking.
        PERFORM 1 FROM points_account a
          WHERE a.floor IS NOT NULL AND a.id IN (
                SELECT t.debit_id FROM points_transfer t WHERE t.id = ANY (ids)
                UNION SELECT t.credit_id FROM points_transfer t WHERE t.id = ANY (ids))
          ORDER BY a.id FOR NO KEY UPDATE;

        UPDATE points_account a
           SET posted = a.posted + m.delta, held = a.held + m.hold, seq = a.seq + m.moves
          FROM (SELECT v.account, sum(v.delta)::bigint AS delta, sum(v.hold)::bigint AS hold,
                       count(*) AS moves
                  FROM points_moves(ids) v GROUP BY v.account) m
         WHERE a.id = m.account;

        -- What comes in stands before what goes out, so no line of a batch shows less than nothing.
        INSERT INTO points_entry (community_id, account_id, seq, transfer_id, delta, posted, held)
        SELECT a.community_id, a.id,
               a.seq - count(*) OVER whole + row_number() OVER line,
               m.transfer, m.delta,
               a.posted - sum(m.delta) OVER whole + sum(m.delta) OVER line,
               a.held - sum(m.hold) OVER whole + sum(m.hold) OVER line
          FROM points_moves(ids) m JOIN points_account a ON a.id = m.account
        WINDOW whole AS (PARTITION BY a.id),
               line AS (PARTITION BY a.id ORDER BY m.hold - m.delta > 0, m.transfer
                        ROWS UNBOUNDED PRECEDING);
    END IF;

    IF cardinality(ids) < jsonb_array_length(batch) THEN
        SELECT w.key INTO wrong
          FROM jsonb_to_recordset(batch) AS w (
               community bigint, key text, debit bigint, credit bigint, amount bigint, kind text,
               pending_of bigint, reversal_of bigint)
          LEFT JOIN points_transfer t ON t.community_id = w.community AND t.key = w.key
         WHERE (t.debit_id, t.credit_id, t.amount, t.kind)
               IS DISTINCT FROM (w.debit, w.credit, w.amount, w.kind)
            OR t.pending_of_id IS DISTINCT FROM w.pending_of
            OR t.reversal_of_id IS DISTINCT FROM w.reversal_of
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'key % names another transfer', wrong.key
                USING ERRCODE = 'PT001', DETAIL = wrong.key;
        END IF;
    END IF;

    RETURN QUERY
        SELECT w.place::integer, t.id, t.id = ANY (ids)
          FROM jsonb_array_elements(batch) WITH ORDINALITY AS w (posting, place)
          JOIN points_transfer t ON t.community_id = (w.posting ->> 'community')::bigint
                                AND t.key = w.posting ->> 'key'
         ORDER BY w.place;
END
$$;
"""

# For every role, the owner of the tables included: an ordinary statement cannot get past it.
KEEP = """
CREATE FUNCTION points_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the ledger only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'PT009';
END
$$;
"""
NEVER = ("transfer", "entry", "statement", "block")
ONLY_GROWS = ("account", "period", "sealround", *NEVER)

# The words of an account, a shut month and a round stay; their numbers move on.
STAY = """
CREATE TRIGGER points_account_words BEFORE UPDATE OF
    id, community_id, unit_id, kind, person_id, household_id, organization_id, floor, opened_at
    ON points_account FOR EACH ROW EXECUTE FUNCTION points_keep();
CREATE TRIGGER points_period_words BEFORE UPDATE OF id, community_id, month, horizon, shut_at
    ON points_period FOR EACH ROW EXECUTE FUNCTION points_keep();
CREATE TRIGGER points_period_closed BEFORE UPDATE ON points_period FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION points_keep();
CREATE TRIGGER points_sealround_sealed BEFORE UPDATE ON points_sealround FOR EACH ROW
    WHEN (OLD.sealed_at IS NOT NULL) EXECUTE FUNCTION points_keep();
"""
NOT_STAY = """
DROP TRIGGER points_account_words ON points_account;
DROP TRIGGER points_period_words ON points_period;
DROP TRIGGER points_period_closed ON points_period;
DROP TRIGGER points_sealround_sealed ON points_sealround;
"""


def keep(table: str, when: str, each: str) -> migrations.RunSQL:
    name = f"points_{table}_{when.split()[0].lower()}"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE {when} ON points_{table}"
        f" FOR EACH {each} EXECUTE FUNCTION points_keep()",
        f"DROP TRIGGER {name} ON points_{table}",
    )


UNITS = (
    {"code": "points", "label": "积分", "suffix": "分", "decimals": 0},
    {"code": "cents", "label": "人民币", "suffix": "元", "decimals": 2},
)


def ship(apps, schema_editor):
    Unit = apps.get_model("points", "Unit")
    for unit in UNITS:
        Unit.objects.get_or_create(code=unit["code"], defaults=unit)


class Migration(migrations.Migration):
    dependencies = [("points", "0001_ledger")]
    operations = [
        migrations.RunSQL(BOOKS, NO_BOOKS),
        migrations.RunSQL(MOVES, "DROP FUNCTION points_moves(bigint[])"),
        migrations.RunSQL(POST, "DROP FUNCTION points_post(jsonb)"),
        migrations.RunSQL(KEEP, "DROP FUNCTION points_keep()"),
        *(keep(table, "UPDATE", "ROW") for table in NEVER),
        *(keep(table, "DELETE", "ROW") for table in ONLY_GROWS),
        *(keep(table, "TRUNCATE", "STATEMENT") for table in ONLY_GROWS),
        migrations.RunSQL(STAY, NOT_STAY),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
