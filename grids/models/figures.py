import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


class IssueMonth(models.Model):
    """One month of one place and category in figures: a cache of ``grids.figures.count``.

    ``area`` is the community, or the area itself where an issue lies in none. Which event puts an
    issue into which month says ``grids.figures``; ``grids.account`` keeps the rows.
    """

    month = models.DateField()  # its first day
    area = models.ForeignKey("orgs.Area", models.PROTECT, related_name="+")
    category = models.ForeignKey("grids.Category", models.PROTECT, related_name="+")
    counted_at = models.DateTimeField(_("统计时间"))

    received = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    not_accepted = models.PositiveIntegerField(default=0)
    filed = models.PositiveIntegerField(default=0)
    self_found = models.PositiveIntegerField(default=0)
    due = models.PositiveIntegerField(default=0)
    due_closed = models.PositiveIntegerField(default=0)
    due_on_time = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    rated = models.PositiveIntegerField(default=0)
    solved = models.PositiveIntegerField(default=0)
    satisfied = models.PositiveIntegerField(default=0)
    rework = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    contact_due = models.PositiveIntegerField(default=0)
    contact_on_time = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("事项月度数字")
        verbose_name_plural = _("事项月度数字")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["month", "area", "category"], name="grids_issuemonth_once"
            ),
            models.CheckConstraint(
                name="grids_issuemonth_first_day", condition=models.Q(month__day=1)
            ),
        ]

    def __str__(self):
        return f"{self.area_id} {self.month:%Y-%m} {self.category_id}"


class StaleMonths(models.Model):
    """Figures of a place that no longer hold: written by triggers on the issue, in its transaction.

    A row tells that the months of ``area_path`` from ``since`` on have to be counted again;
    whoever counts them deletes it.
    """

    area_path = models.CharField(max_length=255, db_collation="C")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("待重新统计的数字")
        verbose_name_plural = _("待重新统计的数字")
        default_permissions = ()

    def __str__(self):
        return f"{self.area_path} {self.since:%Y-%m-%d}"


_INSTANTS = ("reported_at", "filed_at", "promised_at", "closed_at", "rated_at")


def _least(*rows: str) -> str:
    """The earliest instant of these rows that puts the issue into a month."""
    return f"least({', '.join(f'{row}.{name}' for row in rows for name in _INSTANTS)})"


_NEW = f"""
INSERT INTO grids_stalemonths (area_path, since) VALUES (NEW.area_path, {_least("NEW")});
RETURN NEW;
"""  # noqa: S608 names of our own fields
_CHANGED = f"""
INSERT INTO grids_stalemonths (area_path, since) VALUES (NEW.area_path, {_least("NEW", "OLD")});
IF NEW.area_path <> OLD.area_path THEN
    INSERT INTO grids_stalemonths (area_path, since) VALUES (OLD.area_path, {_least("OLD")});
END IF;
RETURN NEW;
"""  # noqa: S608 names of our own fields
COUNTED_BY = (
    "area_path",
    "category",
    "source",
    "state",
    "reported_at",
    "filed_at",
    "promised_at",
    "contacted_at",
    "closed_at",
    "rated_at",
    "on_time",
    "solved",
    "stars",
    "rework_count",
    "reopened_count",
)

TRIGGERS = [
    pgtrigger.Trigger(
        name="months_of_new", when=pgtrigger.After, operation=pgtrigger.Insert, func=_NEW
    ),
    pgtrigger.Trigger(
        name="months_of_changed",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(*COUNTED_BY),
        func=_CHANGED,
    ),
]
