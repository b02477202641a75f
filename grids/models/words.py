import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _


class IssueWords(models.Model):
    """What an issue is found by: pairs of characters, beside the issue so that its row stays lean.

    Written by the triggers below only, in the transaction that writes the issue. ``public`` holds
    what everybody may read, ``inside`` the words of the reporter too.
    """

    issue = models.OneToOneField(
        "grids.Issue", models.CASCADE, primary_key=True, related_name="words"
    )
    public = SearchVectorField()
    inside = SearchVectorField()

    class Meta:
        verbose_name = _("事项检索词")
        verbose_name_plural = _("事项检索词")
        default_permissions = ()
        indexes = [
            GinIndex(fields=["public"], name="grids_words_public"),
            GinIndex(fields=["inside"], name="grids_words_inside"),
        ]

    def __str__(self):
        return str(self.issue_id)


PUBLIC = ("public_title", "public_place", "public_summary")
INSIDE = ("title", "place_text", "description", "public_title")


def _vector(fields) -> str:
    return f"grids_bigrams(concat_ws(' ', {', '.join(f'NEW.{name}' for name in fields)}))"


_WRITE = f"""
INSERT INTO grids_issuewords (issue_id, public, inside)
VALUES (NEW.id, {_vector(PUBLIC)}, {_vector(INSIDE)})
ON CONFLICT (issue_id) DO UPDATE SET public = excluded.public, inside = excluded.inside;
RETURN NEW;
"""  # noqa: S608 names of our own fields

TRIGGERS = [
    pgtrigger.Trigger(
        name="words_of_new",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func=_WRITE,
    ),
    pgtrigger.Trigger(
        name="words_of_changed",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(*sorted({*PUBLIC, *INSIDE})),
        func=_WRITE,
    ),
]
