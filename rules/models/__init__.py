"""Rules that change and differ by place, the working calendar, and running clocks."""

from rules.models.clocks import Clock, Pause, Unit
from rules.models.days import CalendarNotice, NoticeLine, WorkingDayOverride
from rules.models.profiles import RuleProfile

__all__ = [
    "CalendarNotice",
    "Clock",
    "NoticeLine",
    "Pause",
    "RuleProfile",
    "Unit",
    "WorkingDayOverride",
]
