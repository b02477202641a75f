"""Leaves are made by two processes at once, and blocks are kept as they are.

The text of a leaf and its digest stay what they were, to the byte: ``points_leaves_part`` is the
function of 0003 under another name. ``points_leaves`` hands its two halves to the server's
parallel workers; without any it makes them one after the other. A block's leaves are mostly
digests, which no compression shortens by more than a quarter, and trying took a fifth of the
sealing. Blocks from before stay compressed and are read as ever. Takes no time; nothing is lost
backwards.
"""

from django.db import migrations

# EXECUTE plans each call with its own numbers; a plan kept for any numbers would not know how many
# transfers lie between them. The planner does not know either what a SHA-256 costs, and would
# find handing a row from process to process too dear.
HALVES = """
ALTER FUNCTION points_leaves(bigint, bigint) RENAME TO points_leaves_part;
ALTER FUNCTION points_leaves_part(bigint, bigint) PARALLEL SAFE;
CREATE FUNCTION points_leaves(after bigint, up_to bigint)
RETURNS TABLE (community bigint, id bigint, leaf bytea)
LANGUAGE plpgsql STABLE SET parallel_tuple_cost = 0 AS $$
BEGIN
    RETURN QUERY EXECUTE
        'SELECT * FROM points_leaves_part($1, $2) UNION ALL SELECT * FROM points_leaves_part($2, $3)'
        USING after, after + (up_to - after) / 2, up_to;
END
$$;
"""
WHOLE = """
DROP FUNCTION points_leaves(bigint, bigint);
ALTER FUNCTION points_leaves_part(bigint, bigint) RENAME TO points_leaves;
ALTER FUNCTION points_leaves(bigint, bigint) PARALLEL UNSAFE;
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0012_merchants_are_settled")]
    operations = [
        migrations.RunSQL(HALVES, WHOLE),
        migrations.RunSQL(
            "ALTER TABLE points_block ALTER COLUMN leaves SET STORAGE EXTERNAL",
            "ALTER TABLE points_block ALTER COLUMN leaves SET STORAGE EXTENDED",
        ),
    ]
