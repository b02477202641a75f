"""公示 and 公开: two models, never one."""

from publicity.models.disclosures import Correction, Disclosure, Every, Schedule
from publicity.models.notices import (
    OPEN,
    PAST,
    STAFF_RIGHTS,
    Notice,
    NoticeState,
    NoticeStep,
    Objection,
    Result,
    Scope,
    around,
    homes_of,
)
from publicity.models.reads import DisclosureReads, NoticeReads

__all__ = [
    "OPEN",
    "PAST",
    "STAFF_RIGHTS",
    "Correction",
    "Disclosure",
    "DisclosureReads",
    "Every",
    "Notice",
    "NoticeReads",
    "NoticeState",
    "NoticeStep",
    "Objection",
    "Result",
    "Schedule",
    "Scope",
    "around",
    "homes_of",
]
