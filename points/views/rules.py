"""``/points/rules/``: the catalogue for everybody, and its versions for those who write them."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orgs.access import allowed, public
from points import catalogue, rule_words, terms
from points.models import Rule, RuleKind
from points.rule_forms import EndForm, OnForm, RuleForm, VersionForm
from publicity import sheets
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
SHOWN = 50  # claims listed in a preview; sums are over all


# --- for everybody -------------------------------------------------------------------------------


@public
@require_safe
def rules(request):
    """The catalogue of a subdistrict on a day."""
    place, places, day, form = _asked(request)
    context = {
        "place": place,
        "places": places,
        "day": day,
        "is_today": day == timezone.localdate(),
        "form": form,
        "groups": rule_words.groups(rule_words.on(place, day)) if place else [],
        "coming": rule_words.coming(place) if place else [],
        "never": rule_words.never_paid(),
        "query": _query(place, places),
        "editor": place is not None and rule_words.may_edit(request.user, place),
    }
    status = 422 if form.errors else 200
    return render(request, "points/rules.html", context, status=status)


@public
@require_safe
def sheet(request):
    """The same for the notice board, on paper."""
    place, places, day, form = _asked(request)
    if place is None or form.errors:
        raise Http404
    where = sheets.address(request, reverse("points:rules") + _query(place, places))
    context = {
        "place": place,
        "day": day,
        "groups": rule_words.groups(rule_words.on(place, day)),
        "never": rule_words.never_paid(),
        "address": where,
        "qr": sheets.qr_picture(where),
        "query": _query(place, places),
    }
    return render(request, "points/rules_sheet.html", context)


def _asked(request):
    """Place, places, day and the form of the day; 404 for a place without a catalogue."""
    code = request.GET.get("place", "")
    place, places = rule_words.place_for(request.user, code)
    if code and place is None:
        raise Http404
    form = OnForm(request.GET)
    day = (form.is_valid() and form.cleaned_data["on"]) or timezone.localdate()
    return place, places, day, form


def _query(place, places) -> str:
    """What keeps the place in an address, where there is more than one."""
    return f"?place={place.code}" if place and len(places) > 1 else ""


def _rule(request, code: str):
    """(rule with versions, place, query), or 404."""
    place, places = rule_words.place_for(request.user, request.GET.get("place", ""))
    rule = rule_words.rules_of(place).filter(code=code).first() if place else None
    if rule is None or not rule.versions.all():
        raise Http404
    return rule, place, _query(place, places)


@public
@require_safe
def rule(request, code):
    """What a rule says today, said before, and will say."""
    found, place, query = _rule(request, code)
    today = timezone.localdate()
    versions = [_Version(rule_words.words_of(row), today) for row in found.versions.all()]
    context = {
        "rule": found,
        "place": place,
        "query": query,
        "versions": versions,
        "now": next((row for row in versions if row.state == "now"), None),
        "latest": versions[0],
        "editor": rule_words.may_edit(request.user, place),
    }
    return render(request, "points/rule.html", context)


@dataclass(frozen=True)
class _Version:
    words: rule_words.Words
    today: date

    @property
    def state(self) -> str:
        version = self.words.version
        if version.effective_from > self.today:
            return "soon"
        over = version.effective_to is not None and version.effective_to < self.today
        return "past" if over else "now"

    @property
    def pill(self) -> tuple[str, str]:
        return {
            "now": (_("施行中"), "ok"),
            "soon": (_("尚未施行"), "info"),
            "past": (_("已失效"), "plain"),
        }[self.state]


# --- for those who write them --------------------------------------------------------------------


def _mine(request, code: str):
    """As ``_rule``, for who may write rules there; 404 for others."""
    found, place, query = _rule(request, code)
    if not rule_words.may_edit(request.user, place):
        raise Http404
    return found, place, query


@allowed(catalogue.RIGHT)
@require_http_methods(FORM)
def new_version(request, code):
    """Write a version, see what it would have done last month, confirm."""
    found, _place, query = _mine(request, code)
    latest = found.versions.all()[0]
    form = VersionForm(
        request.POST if request.method == "POST" else None, rule=found, latest=latest
    )
    if request.method != "POST":
        return _version_page(request, form, query)
    if not form.is_valid():
        return _version_page(request, form, query, status=422)
    if "confirm" not in request.POST:
        return _version_page(request, form, query, preview=_preview(form))
    if not form.was_previewed(request.POST.get("mark", "")):
        form.add_error(None, _("内容在试算后改动过，请看过新的试算结果再确认"))
        return _version_page(request, form, query, preview=_preview(form), status=422)
    try:
        with transaction.atomic():
            # Somebody else may be confirming theirs: the second one meets the first one's version.
            now = Rule.objects.select_for_update().get(pk=found.pk).versions.latest("number")
            if now.number != latest.number:
                raise catalogue.NotAfter(now)
            version = form.write(by=request.user)
    except (Refused, ValidationError) as refused:
        form.refuse(refused)
        return _version_page(request, form, query, status=422)
    text = _("第 %(number)d 版自 %(day)s 起施行。")
    messages.success(
        request, text % {"number": version.number, "day": version.effective_from.isoformat()}
    )
    return redirect(reverse("points:rule", args=[code]) + query)


@allowed(catalogue.RIGHT)
@require_http_methods(FORM)
def new_rule(request):
    """A rule of a code there was not: written, looked at, confirmed, as a new version is."""
    place, places = rule_words.place_for(request.user, request.GET.get("place", ""))
    if place is None or not rule_words.may_edit(request.user, place):
        raise Http404
    query = _query(place, places)
    form = RuleForm(request.POST if request.method == "POST" else None, area=place)
    if request.method != "POST":
        return _version_page(request, form, query)
    if not form.is_valid():
        return _version_page(request, form, query, status=422)
    if "confirm" not in request.POST:
        return _version_page(request, form, query, preview=_preview(form))
    if not form.was_previewed(request.POST.get("mark", "")):
        form.add_error(None, _("内容在试算后改动过，请看过新的试算结果再确认"))
        return _version_page(request, form, query, preview=_preview(form), status=422)
    try:
        version = form.write(by=request.user)
    except (Refused, ValidationError) as refused:
        form.refuse(refused)
        return _version_page(request, form, query, status=422)
    text = _("新规则 %(code)s 自 %(day)s 起施行。")
    day = version.effective_from.isoformat()
    messages.success(request, text % {"code": version.rule.code, "day": day})
    return redirect(reverse("points:rule", args=[version.rule.code]) + query)


def _version_page(request, form, query, *, preview=None, status: int = 200):
    context = {
        "form": form,
        "rule": form.rule,
        "latest": rule_words.words_of(form.latest) if form.latest else None,
        "query": query,
        "preview": preview,
        "mark": form.mark if preview else "",
        "never": [] if form.latest else rule_words.never_paid(),
    }
    return render(request, "points/rule_new.html", context, status=status)


@dataclass(frozen=True)
class _Tried:
    """A preview, ready to be shown."""

    found: catalogue.Preview
    yuan: str
    is_deduction: bool

    @property
    def rows(self):
        """What changes first, then the rest."""
        rows = sorted(self.found.rows, key=lambda row: not row.difference)
        return rows[:SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.found.rows) - SHOWN)

    @property
    def difference(self) -> int:
        return self.found.after - self.found.before

    @property
    def said(self) -> str:
        """The effect on a month's budget, in one sentence."""
        difference = self.difference
        if not difference:
            return _("每月支出不变。")
        text = (
            _("照上月的量，每月多支出 %(points)d 分（折 %(yuan)s 元）。")
            if difference > 0
            else _("照上月的量，每月少支出 %(points)d 分（折 %(yuan)s 元）。")
        )
        return text % {"points": abs(difference), "yuan": self.yuan}


def _preview(form) -> _Tried:
    found = catalogue.preview(form.rule, form.draft)
    cents = terms.at(form.rule.area).params["face_value_cents"]
    difference = abs(found.after - found.before) * cents
    return _Tried(found, f"{difference / 100:.2f}", form.rule.kind == RuleKind.DEDUCT)


@allowed(catalogue.RIGHT)
@require_http_methods(FORM)
def end(request, code):
    """A rule stops after a day."""
    found, _place, query = _mine(request, code)
    latest = found.versions.all()[0]
    form = EndForm(request.POST if request.method == "POST" else None, latest=latest)
    if form.is_bound and form.is_valid():
        try:
            given = form.cleaned_data
            catalogue.end(
                found, by=request.user, last_day=given["last_day"], reason=given["reason"]
            )
        except Refused as refused:
            form.refuse(refused)
        else:
            text = _("%(code)s 到 %(day)s 为止，之后不再计分。")
            day = form.cleaned_data["last_day"].isoformat()
            messages.success(request, text % {"code": found.code, "day": day})
            return redirect(reverse("points:rule", args=[code]) + query)
    context = {
        "form": form,
        "rule": found,
        "latest": rule_words.words_of(latest),
        "query": query,
    }
    return render(request, "points/rule_end.html", context, status=422 if form.errors else 200)
