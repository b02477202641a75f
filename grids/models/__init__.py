"""The grid's daily service: issues, their categories, clocks and photos."""

from grids.models.callers import Caller
from grids.models.categories import Category, CategoryGroup, Level, Urgency
from grids.models.cohandling import CoHandling
from grids.models.delays import DelayReason, DelayRequest
from grids.models.desk import DeskEntry
from grids.models.figures import IssueMonth, StaleMonths
from grids.models.hotline import (
    Callback,
    CallerReveal,
    ExportLog,
    HookCall,
    Import,
    ImportRow,
    Order,
    Partner,
    PartnerSecret,
)
from grids.models.issues import (
    DONE,
    ENDED,
    STATES_OF,
    UNFINISHED,
    WORKING,
    ClockKind,
    Issue,
    IssueClock,
    IssueStep,
    NumberCount,
    NumberSeries,
    PublicState,
    RefusalCode,
    Source,
    State,
)
from grids.models.patrols import Patrol, PatrolStop
from grids.models.photos import OriginalView, Photo, Redaction
from grids.models.recusals import Recusal
from grids.models.replies import ReplyTemplate
from grids.models.responsibilities import DutyItem, Responsibility
from grids.models.roster import Absence, Roster, RosterTurn
from grids.models.voices import Comment, Follow, Moderation, TopicProposal, Urge
from grids.models.whistles import (
    NOT_YET_CALLED,
    SEEN_BY,
    WHISTLE_BINDING,
    WHISTLE_OVER,
    Scene,
    Whistle,
    WhistleCall,
    WhistleClock,
    WhistleClockKind,
    WhistleState,
    WhistleStep,
)
from grids.models.words import IssueWords

__all__ = [
    "DONE",
    "ENDED",
    "NOT_YET_CALLED",
    "SEEN_BY",
    "STATES_OF",
    "UNFINISHED",
    "WHISTLE_BINDING",
    "WHISTLE_OVER",
    "WORKING",
    "Absence",
    "Callback",
    "Caller",
    "CallerReveal",
    "Category",
    "CategoryGroup",
    "ClockKind",
    "CoHandling",
    "Comment",
    "DelayReason",
    "DelayRequest",
    "DeskEntry",
    "DutyItem",
    "ExportLog",
    "Follow",
    "HookCall",
    "Import",
    "ImportRow",
    "Issue",
    "IssueClock",
    "IssueMonth",
    "IssueStep",
    "IssueWords",
    "Level",
    "Moderation",
    "NumberCount",
    "NumberSeries",
    "Order",
    "OriginalView",
    "Partner",
    "PartnerSecret",
    "Patrol",
    "PatrolStop",
    "Photo",
    "PublicState",
    "Recusal",
    "Redaction",
    "RefusalCode",
    "ReplyTemplate",
    "Responsibility",
    "Roster",
    "RosterTurn",
    "Scene",
    "Source",
    "StaleMonths",
    "State",
    "TopicProposal",
    "Urge",
    "Urgency",
    "Whistle",
    "WhistleCall",
    "WhistleClock",
    "WhistleClockKind",
    "WhistleState",
    "WhistleStep",
]
