"""The hours in which a phone shall not ring (QUIET_HOURS, e.g. "21:00-08:00")."""

from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _


def hours() -> tuple[time, time] | None:
    """(from, to) in local time, possibly over midnight; None when there are none ("off")."""
    value = settings.QUIET_HOURS
    if value == "off":
        return None
    try:
        start, end = (time.fromisoformat(part.strip()) for part in value.split("-"))
    except ValueError:
        text = _("QUIET_HOURS=%(value)r：请写成 21:00-08:00，或 off 表示不设")
        raise ImproperlyConfigured(text % {"value": value}) from None
    return (start, end) if start != end else None


def over_at(moment: datetime) -> datetime:
    """``moment`` itself outside the quiet hours, else the end of them."""
    bounds = hours()
    if bounds is None:
        return moment
    start, end = bounds
    local = timezone.localtime(moment)
    clock = local.time().replace(tzinfo=None)
    if start < end:
        is_quiet = start <= clock < end
    else:
        is_quiet = clock >= start or clock < end
    if not is_quiet:
        return moment
    day = local.date() + timedelta(days=1) if clock >= end else local.date()
    return datetime.combine(day, end, tzinfo=local.tzinfo)
