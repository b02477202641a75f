"""What issues are found by: a function for pairs of characters, a table beside the issues, triggers.

The function splits a text into runs of Chinese characters (kept as overlapping pairs, the last
character alone) and words of a-z and digits, and builds the vector itself: the text search parser,
whose idea of a letter follows the locale, is not asked. Empty tables, no time; 0005 fills them.
Backwards drops all three.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


FUNCTION = r"""
CREATE FUNCTION grids_bigrams(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT AS $body$
    SELECT COALESCE(string_agg('''' || word || ''':' || least(place, 16383), ' ')::tsvector, ''::tsvector)
    FROM (
        SELECT substr(found.run[1], at, CASE WHEN is_latin THEN length(found.run[1]) ELSE 2 END) AS word,
               row_number() OVER (ORDER BY found.nth, at) AS place
        FROM regexp_matches(
                 lower(normalize(words, NFKC)), '[a-z0-9]+|[\u3007\u3400-\u4dbf\u4e00-\u9fff]+', 'g'
             ) WITH ORDINALITY AS found(run, nth),
             LATERAL (SELECT found.run[1] ~ '^[a-z0-9]' AS is_latin) AS kind,
             LATERAL generate_series(
                 1, CASE WHEN is_latin THEN 1 ELSE length(found.run[1]) END
             ) AS at
    ) AS tokens
$body$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0003_callers"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION grids_bigrams(text)"),
        migrations.CreateModel(
            name="IssueWords",
            fields=[
                (
                    "issue",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="grids.issue",
                    ),
                ),
                ("public", django.contrib.postgres.search.SearchVectorField()),
                ("inside", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "verbose_name": "事项检索词",
                "verbose_name_plural": "事项检索词",
                "default_permissions": (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="issue",
            trigger=pgtrigger.compiler.Trigger(
                name="words_of_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\nINSERT INTO grids_issuewords (issue_id, public, inside)\nVALUES (NEW.id, grids_bigrams(concat_ws(' ', NEW.public_title, NEW.public_place, NEW.public_summary)), grids_bigrams(concat_ws(' ', NEW.title, NEW.place_text, NEW.description, NEW.public_title)))\nON CONFLICT (issue_id) DO UPDATE SET public = excluded.public, inside = excluded.inside;\nRETURN NEW;\n",
                    hash="e004d659e9aeabcc44eeea87a43c71ef30fddc94",
                    operation="INSERT",
                    pgid="pgtrigger_words_of_new_b9125",
                    table="grids_issue",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="issue",
            trigger=pgtrigger.compiler.Trigger(
                name="words_of_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."place_text" IS DISTINCT FROM (NEW."place_text") OR OLD."public_place" IS DISTINCT FROM (NEW."public_place") OR OLD."public_summary" IS DISTINCT FROM (NEW."public_summary") OR OLD."public_title" IS DISTINCT FROM (NEW."public_title") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func="\nINSERT INTO grids_issuewords (issue_id, public, inside)\nVALUES (NEW.id, grids_bigrams(concat_ws(' ', NEW.public_title, NEW.public_place, NEW.public_summary)), grids_bigrams(concat_ws(' ', NEW.title, NEW.place_text, NEW.description, NEW.public_title)))\nON CONFLICT (issue_id) DO UPDATE SET public = excluded.public, inside = excluded.inside;\nRETURN NEW;\n",
                    hash="4463e3989be2d470c74c38162f843d91986e2a1b",
                    operation="UPDATE",
                    pgid="pgtrigger_words_of_changed_a650f",
                    table="grids_issue",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="issuewords",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["public"], name="grids_words_public"
            ),
        ),
        migrations.AddIndex(
            model_name="issuewords",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["inside"], name="grids_words_inside"
            ),
        ),
    ]
