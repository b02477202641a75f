"""Dates as people here read them, without locale machinery.

Half of a long list's time went into Django's date formatting; these build the text from
numbers. Instants are shown in Asia/Shanghai whatever the active time zone.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"


def today() -> date:
    return datetime.now(SHANGHAI).date()


def local(value: datetime) -> datetime:
    """In Asia/Shanghai; a naive value is taken as already local."""
    if value.tzinfo is None:
        return value.replace(tzinfo=SHANGHAI)
    return value.astimezone(SHANGHAI)


def day_text(value: date, *, now: date | None = None, full: bool = False) -> str:
    """今天 / 昨天 / 明天, 9月18日 within this year, else 2025年9月18日.

    ``full``: always 2026年9月18日 星期五, for deadlines, notices and papers.
    """
    if full:
        weekday = WEEKDAYS[value.weekday()]
        return f"{value.year}年{value.month}月{value.day}日 星期{weekday}"
    now = now or today()
    if value == now:
        return "今天"
    away = (value - now).days
    if away == -1:
        return "昨天"
    if away == 1:
        return "明天"
    if value.year == now.year:
        return f"{value.month}月{value.day}日"
    return f"{value.year}年{value.month}月{value.day}日"


def moment_text(value: datetime, *, now: date | None = None, full: bool = False) -> str:
    """The day as ``day_text`` tells it, then the clock: 昨天 09:05."""
    value = local(value)
    return f"{day_text(value.date(), now=now, full=full)} {value.hour:02d}:{value.minute:02d}"


def on_paper(value: date, text: str) -> str:
    """The date that 今天, 昨天 or 明天 means, for paper, which is read later; else nothing."""
    return f"{value.month}月{value.day}日" if text[1] == "天" else ""


def as_day(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def machine(value: datetime) -> str:
    """For the datetime attribute: to the second, with the offset."""
    return local(value).isoformat(timespec="seconds")
