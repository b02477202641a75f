from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs import access
from orgs.models import Area, Placed

RIGHT = "grids.patrol"


class PatrolQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Patrols of the places where ``person`` patrols or looks on by a post."""
        return access.scope(self, person, RIGHT, "grids.view_issue")

    def with_counts(self):
        """``stop_count``, ``seen_count`` and ``found_count`` for every row, in the same query."""
        return self.annotate(
            stop_count=Count("stops", distinct=True),
            seen_count=Count("stops", filter=~Q(stops__seen_at=None), distinct=True),
            found_count=Count("issues", distinct=True),
        )


class Patrol(Placed):
    """Somebody walks a grid: when, past which buildings, what was found. No track is kept.

    ``area`` is the grid. What was found are ``issues`` whose ``source`` is the grid.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("巡查人")
    )
    started_at = models.DateTimeField(_("开始时间"), default=timezone.now)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    note = models.CharField(_("巡查情况"), max_length=500, blank=True)

    objects = PatrolQuerySet.as_manager()

    class Meta:
        verbose_name = _("巡查")
        verbose_name_plural = _("巡查")
        default_permissions = ()
        permissions = [("patrol", _("巡查网格"))]
        indexes = [models.Index(fields=["area_path", "-id"], name="grids_patrol_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at=None), name="grids_patrol_one_at_a_time"
            ),
            models.CheckConstraint(
                name="grids_patrol_ends_after_it_began",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
            ),
        ]

    def __str__(self):
        return f"{self.area} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def minutes(self) -> int:
        """How long it took, or has taken so far."""
        return ((self.ended_at or timezone.now()) - self.started_at) // timedelta(minutes=1)


class PatrolStop(models.Model):
    """A building on the way; ``seen_at`` once somebody stood there."""

    patrol = models.ForeignKey(Patrol, models.CASCADE, related_name="stops")
    building = models.ForeignKey(Area, models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(_("到过的时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("巡查点")
        verbose_name_plural = _("巡查点")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["patrol", "building"], name="grids_patrolstop_once")
        ]

    def __str__(self):
        return str(self.building)
