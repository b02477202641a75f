"""The issue loop: its table, its verbs, and who has to do something now.

    submitted → filed → dispatched → in_progress → handled → closed → rated

with rework (handled → in_progress, half the limit) and one reopening a level up (closed →
reopened → dispatched). The table draws the buttons, the diagram in ``docs/issues.md`` and the
role × state test. Every verb is one transaction: row lock, check, change, clocks, step, messages.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import deidentify, dispatch, limits, numbers, photos, telling
from grids.models import (
    Category,
    Issue,
    Level,
    Source,
    State,
    Urgency,
)
from orgs import access
from orgs.models import Area, Organization
from rules import profiles
from rules.refusals import Refused
from rules.workflow import Missing, Transition, Workflow

RULES = "ISSUE-CLOCKS"
TITLE_LENGTH = 24
LOW_STARS = 2


class NotACandidate(Refused):
    def __init__(self, organization: Organization):
        text = _("%(name)s不能承办这件事项：不服务这个地点，或没有可以承办的人员")
        super().__init__(text % {"name": organization.name})


class StillPrivate(Refused):
    def __init__(self, kinds: Sequence[str]):
        self.kinds = list(kinds)
        text = _("公开内容里还有%(kinds)s，请删去后再提交")
        super().__init__(text % {"kinds": "、".join(kinds)})


class RatingOver(Refused):
    def __init__(self):
        super().__init__(_("评价期已过"))


class ReopenedBefore(Refused):
    def __init__(self):
        super().__init__(_("每件事项只能重新办理一次；如有新情况，请重新反映"))


class NotDissatisfied(Refused):
    def __init__(self):
        text = _("选择“没有解决”或评价两星及以下时，才能要求重新办理")
        super().__init__(text)


# --- who ---------------------------------------------------------------------------------------


def _over_place(right: str):
    def who(issue, person):
        return person is not None and access.rights_of(person).may(right, area_path=issue.area_path)

    return who


def _at_level(issue, person):
    return person is not None and access.rights_of(person).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    )


def in_lead(issue, person) -> bool:
    return (
        person is not None
        and issue.lead_id is not None
        and issue.lead_id in access.rights_of(person).organization_ids("grids.handle_issue")
    )


def _lead_member(issue, person):
    if not in_lead(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事承办")
    return True


def _handler(issue, person):
    return in_lead(issue, person) and person.pk == issue.handler_id


def _colleague(issue, person):
    return _lead_member(issue, person) if not _handler(issue, person) else False


def _other_than_handler(issue, person):
    if not _over_place("grids.verify_issue")(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事核验")
    if person.pk == issue.handler_id:
        return _("承办人不能核验自己的办理结果，请由他人核验")
    took_part = issue.steps.filter(
        verb__in=["sign", "take_over", "report"], actor=person, at__gte=issue.dispatched_at
    )
    if issue.dispatched_at and took_part.exists():
        return _("您参与过这件事项的办理，请由他人核验")
    return True


def _anybody_on_it(issue, person):
    """Handler, lead and workers over the place may add a note."""
    return in_lead(issue, person) or _over_place("grids.file_issue")(issue, person)


def _reporter(issue, person):
    return person is not None and person.pk == issue.reporter_id


# --- effects -----------------------------------------------------------------------------------

FILED_FIELDS = ("level", "urgency", "area", "place_text")
PUBLIC_FIELDS = ("public_title", "public_summary", "public_place")


def _file(issue, move):
    data = move.data
    issue.category = data["category"]
    for name in FILED_FIELDS:
        if data.get(name):
            setattr(issue, name, data[name])
    for name in PUBLIC_FIELDS:
        setattr(issue, name, (data.get(name) or "").strip())
    issue.is_public = bool(data.get("publish", True) and issue.category.is_public)
    if issue.is_public:
        issue.public_title = issue.public_title or deidentify.mask(issue.title)
        _refuse_private(*(getattr(issue, name) for name in PUBLIC_FIELDS))
    issue.filed_at = move.at
    photos.approve(issue, data.get("public_photos") or (), by=move.by)


def _refuse_private(*texts: str) -> None:
    kinds = dict.fromkeys(kind for text in texts for kind in deidentify.left_in(text))
    if kinds:
        raise StillPrivate(list(kinds))


def _dispatch(issue, move):
    lead = move.data["lead"]
    possible = {one.organization.pk for one in dispatch.candidates(issue, move.by)}
    if lead.pk not in possible:
        raise NotACandidate(lead)
    issue.lead, issue.handler, issue.dispatched_at = lead, None, move.at
    issue.signed_at = issue.contacted_at = None


def _sign(issue, move):
    issue.handler, issue.signed_at = move.by, move.at


def _take_over(issue, move):
    move.data["before"] = issue.handler
    issue.handler = move.by


def _contact(issue, move):
    issue.contacted_at = issue.contacted_at or move.at


def _report(issue, move):
    pictures = move.data.get("photos") or ()
    without = (move.data.get("no_photo_reason") or "").strip()
    if not pictures and not without:
        raise Missing({"photos": _("办理后照片，或没有照片的原因")})
    issue.result = move.data["result"].strip()
    issue.no_photo_reason = "" if pictures else without
    issue.public_result = deidentify.mask(issue.result)
    issue.handled_at = move.at


def _verify(issue, move):
    issue.verifier, issue.closed_at = move.by, move.at
    if (words := (move.data.get("public_result") or "").strip()) and issue.is_public:
        issue.public_result = words
    if issue.is_public:
        _refuse_private(issue.public_result)
    if (tokens := move.data.get("public_photos")) is not None:
        photos.approve(issue, tokens, by=move.by)


def _rework(issue, move):
    issue.rework_count += 1
    issue.handled_at = None


def _keep_rating(issue, move):
    issue.solved = bool(move.data["solved"])
    issue.stars = int(move.data["stars"])
    issue.rating_comment = (move.data.get("comment") or move.reason or "").strip()
    issue.rated_at = move.at


def _refuse_late_rating(issue, move):
    if issue.due_at is not None and move.at > issue.due_at:
        raise RatingOver


def _rate(issue, move):
    _refuse_late_rating(issue, move)
    _keep_rating(issue, move)


def _reopen(issue, move):
    _refuse_late_rating(issue, move)
    if issue.reopened_count:
        raise ReopenedBefore
    if move.data.get("stars") is not None and move.data.get("solved") is not None:
        _keep_rating(issue, move)
    if issue.solved is None:
        raise Missing({"solved": _("是否解决"), "stars": _("满意度")})
    if issue.solved and issue.stars > LOW_STARS:
        raise NotDissatisfied
    issue.reopened_count += 1
    move.data["level_before"] = issue.level
    issue.level = Level(issue.level).above
    move.data["lead_before"] = issue.lead
    issue.handler = issue.verifier = None
    issue.handled_at = issue.closed_at = None


# --- the table ---------------------------------------------------------------------------------

S = State
L = gettext_lazy
flow = Workflow(
    "issue",
    step_model="grids.IssueStep",
    transitions=[
        Transition(
            "acknowledge",
            (S.SUBMITTED,),
            None,
            who=_over_place("grids.file_issue"),
            label=L("已看到"),
            tone="quiet",
            clock=limits.of_acknowledging,
            tells=telling.of_acknowledging,
            help=L("先告诉反映人有人看到了，再去核实"),
        ),
        Transition(
            "file",
            (S.SUBMITTED,),
            S.FILED,
            who=_over_place("grids.file_issue"),
            needs=(("category", L("类别")), ("level", L("层级"))),
            label=L("立案"),
            tone="main",
            clock=limits.of_filing,
            effect=_file,
            tells=telling.of_filing,
        ),
        Transition(
            "dispatch",
            (S.FILED, S.REOPENED),
            S.DISPATCHED,
            who=_at_level,
            needs=(("lead", L("承办单位")),),
            label=L("派单"),
            tone="main",
            effect=_dispatch,
            tells=telling.of_dispatch,
        ),
        Transition(
            "redirect",
            (S.DISPATCHED,),
            S.DISPATCHED,
            who=_at_level,
            needs=(("lead", L("承办单位")), ("reason", L("改派原因"))),
            label=L("改派"),
            effect=_dispatch,
            tells=telling.of_dispatch,
        ),
        Transition(
            "sign",
            (S.DISPATCHED,),
            S.IN_PROGRESS,
            who=_lead_member,
            label=L("签收"),
            tone="main",
            clock=limits.of_signing,
            effect=_sign,
            tells=telling.of_signing,
        ),
        Transition(
            "contact",
            (S.IN_PROGRESS,),
            None,
            who=_handler,
            needs=(("note", L("联系情况")),),
            label=L("记录已联系反映人"),
            clock=limits.of_contact,
            effect=_contact,
            tells=telling.of_contact,
        ),
        Transition(
            "report",
            (S.IN_PROGRESS,),
            S.HANDLED,
            who=_handler,
            needs=(("result", L("办理结果")),),
            label=L("上报结果"),
            tone="main",
            clock=limits.of_reporting,
            effect=_report,
            tells=telling.of_reporting,
        ),
        Transition(
            "take_over",
            (S.IN_PROGRESS,),
            None,
            who=_colleague,
            needs=(("reason", L("接手原因")),),
            label=L("接手"),
            effect=_take_over,
            tells=telling.of_taking_over,
        ),
        Transition(
            "verify",
            (S.HANDLED,),
            S.CLOSED,
            who=_other_than_handler,
            needs=(("how", L("怎样核验")),),
            label=L("核验通过，办结"),
            tone="main",
            clock=limits.of_closing,
            effect=_verify,
            tells=telling.of_closing,
        ),
        Transition(
            "rework",
            (S.HANDLED,),
            S.IN_PROGRESS,
            who=_other_than_handler,
            needs=(("reason", L("返工原因")),),
            label=L("退回返工"),
            clock=limits.of_rework,
            effect=_rework,
            tells=telling.of_rework,
        ),
        Transition(
            "rate",
            (S.CLOSED,),
            S.RATED,
            who=_reporter,
            needs=(("solved", L("是否解决")), ("stars", L("满意度"))),
            label=L("提交评价"),
            tone="main",
            clock=limits.of_rating,
            effect=_rate,
            tells=telling.of_rating,
        ),
        Transition(
            "reopen",
            (S.CLOSED, S.RATED),
            S.REOPENED,
            who=_reporter,
            needs=(("reason", L("哪里没有解决")),),
            label=L("要求重新办理"),
            clock=limits.of_reopening,
            effect=_reopen,
            tells=telling.of_reopening,
        ),
        Transition(
            "note",
            (S.SUBMITTED, S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.HANDLED, S.REOPENED),
            None,
            who=_anybody_on_it,
            needs=(("note", L("记录内容")),),
            label=L("添加记录"),
            tells=telling.of_note,
        ),
    ],
)


def available(issue: Issue, person) -> list[Transition]:
    """The table's answer, without what has become pointless: rating after its time, say."""
    over = issue.due_at is not None and issue.due_at < timezone.now()
    acknowledged = (
        issue.state == State.SUBMITTED and issue.steps.filter(verb="acknowledge").exists()
    )

    def is_pointless(verb: str) -> bool:
        return (
            (verb in {"rate", "reopen"} and over)
            or (verb == "reopen" and issue.reopened_count > 0)
            or (verb == "reopen" and issue.state == S.RATED and not is_dissatisfied(issue))
            or (verb == "acknowledge" and acknowledged)
            or (verb == "contact" and issue.contacted_at is not None)
        )

    return [row for row in flow.available(issue, person) if not is_pointless(row.verb)]


def is_dissatisfied(issue: Issue) -> bool:
    return issue.solved is False or (issue.stars is not None and issue.stars <= LOW_STARS)


def why_not(issue: Issue, person) -> list[str]:
    """Sentences that say why this person must stand aside now (recusal), each once."""
    state = flow.state_of(issue)
    said = (row.refuses(issue, person) for row in flow.transitions if state in row.sources)
    return list(dict.fromkeys(text for text in said if text))


# --- verbs -------------------------------------------------------------------------------------


def post(
    *,
    reporter,
    category: Category,
    area: Area,
    text: str,
    place_text: str = "",
    title: str = "",
    anonymous: bool = False,
    pictures: Iterable[photos.Ready] = (),
    key: uuid.UUID | None = None,
    source: str = Source.RESIDENT,
    at: datetime | None = None,
) -> Issue:
    """Take in an issue; the same reporter and ``key`` again give the first one back.

    ``pictures`` and the drafts kept under ``key`` become its photos. The number is the next of
    the subdistrict's day. Raises NoProfile or PhotoRefused, with nothing written.
    """
    at, key = at or timezone.now(), key or uuid.uuid4()
    with photos.writing(), transaction.atomic():
        series = numbers.lock_series(area)
        if (there := Issue.objects.filter(reporter=reporter, posting_key=key).first()) is not None:
            return there
        rules = profiles.in_force(RULES, place=area.code, on=timezone.localdate(at)).freeze()
        issue = Issue(
            number=numbers.take(series, timezone.localdate(at)),
            posting_key=key,
            reported_at=at,
            source=source,
            reporter=reporter,
            anonymous=anonymous,
            category=category,
            area=area,
            place_text=place_text.strip(),
            title=(title.strip() or deidentify.title_from(text, TITLE_LENGTH))[:60],
            description=text.strip(),
            level=category.default_level,
            urgency=_urgency(category, text),
            clock_rules=rules,
        )
        photos.keep(pictures, draft_key=key, by=reporter)
        sent = list(photos.drafts(key, reporter))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany

        def attach(issue, move):
            photos.attach(sent, issue, move.step)
            telling.of_posting(issue, move)

        flow.open(issue, by=reporter, verb="submit", at=at, clock=limits.of_posting, tells=attach)
    return issue


def _urgency(category: Category, text: str) -> str:
    return Urgency.URGENT if deidentify.sounds_dangerous(text) else category.default_urgency


def advance(
    issue: Issue, verb: str, *, by, pictures: Iterable[photos.Ready] = (), key=None, **data
):
    """``flow.advance``, with pictures that come along (and drafts kept under ``key``).

    They become after-photos of the step. Raises what the table raises; then no file stays.
    """
    with photos.writing(), transaction.atomic():
        key = key or uuid.uuid4()
        photos.keep(pictures, draft_key=key, by=by, kind="after")
        sent = list(photos.drafts(key, by))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany
        if sent:
            data["photos"] = sent
        step = flow.advance(issue, verb, by=by, **data)
        photos.attach(sent, issue, step)
    return step


def is_worker(issue: Issue, person) -> bool:
    """Has ``person`` to do with it by a post: over the place, or in the lead body?"""
    rights = access.rights_of(person)
    return in_lead(issue, person) or any(
        rights.may(right, area_path=issue.area_path)
        for right in ("grids.view_issue", "grids.file_issue")
    )


# --- who has to do something -------------------------------------------------------------------


def waiting_for(person, *, now: datetime | None = None):
    """Issues that need ``person`` now, the most pressing first; ``issue.waits_for`` is the verb.

    Two queries at most, whatever is found. People of the subdistrict see their own level's
    matters, and of the communities' only what is late.
    """
    now = now or timezone.now()
    needed = ("grids.file_issue", "grids.dispatch_issue", "grids.verify_issue")
    levels = dispatch.levels_of(person, *needed)
    file, send, verify = (dispatch.reach(person, right, levels=levels) for right in needed)
    leads = access.rights_of(person).organization_ids("grids.handle_issue")
    local, late = Q(level__in=[Level.L1, Level.L2]), Q(due_at__lt=now)
    mine = Q(reporter=person)
    waits = Q(state=S.CLOSED, due_at__gte=now) & mine
    if file.near:
        waits |= Q(state=S.SUBMITTED) & _under(file.near)
    if send.near:
        waits |= Q(state=S.FILED) & local & _under(send.near)
    if send.community:
        waits |= Q(state=S.REOPENED) & local & _under(send.community)
    if verify.near:
        waits |= Q(state=S.HANDLED) & _under(verify.near) & ~Q(handler=person) & ~mine
    if file.high:
        waits |= Q(state=S.SUBMITTED) & late & _under(file.high)
    if send.high:
        waits |= Q(state=S.FILED) & (~local | late) & _under(send.high)
        waits |= Q(state=S.REOPENED) & ~local & _under(send.high)
    if verify.high:
        others = ~Q(handler=person) & ~mine
        waits |= Q(state=S.HANDLED) & (~local | late) & _under(verify.high) & others
    if leads:
        waits |= Q(state=S.DISPATCHED, lead__in=leads) & ~mine
        waits |= Q(state=S.IN_PROGRESS, handler=person)
    return (
        Issue.objects.filter(waits)
        .select_related("category", "lead")
        .defer("clock_rules", "description", "public_summary", "public_result", "result")
        .order_by("due_at", "pk")
    )


def _under(paths: Iterable[str]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(area_path__startswith=path)
    return condition


def week_start(now: datetime | None = None) -> datetime:
    today = timezone.localtime(now or timezone.now())
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=today.weekday()
    )


def public_figures(*, area: Area | None = None, now: datetime | None = None) -> dict[str, int]:
    """For the home page, this week in public: received, closed, and how many are open or late."""
    now = now or timezone.now()
    since = week_start(now)
    shown = Issue.objects.visible_to_public()
    if area is not None:
        shown = shown.filter(area_path__startswith=area.path)
    return shown.aggregate(
        received=Count("pk", filter=Q(reported_at__gte=since)),
        closed=Count("pk", filter=Q(closed_at__gte=since, state__in=[S.CLOSED, S.RATED])),
        open=Count("pk", filter=~Q(state__in=[S.CLOSED, S.RATED])),
        late=Count(
            "pk",
            filter=Q(
                state__in=[S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.REOPENED], promised_at__lt=now
            ),
        ),
    )
