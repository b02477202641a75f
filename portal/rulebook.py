"""Rules and the working calendar: everyone may read them, few may change them.

A rule is never edited: it is replaced from a day on (``profiles.supersede``), or another one is
written for a place. Every change gives its reason, and the page shows the history.
"""

from copy import deepcopy
from datetime import timedelta
from itertools import groupby

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs.access import allowed, public, rights_of
from orgs.models import Area, Person
from rules import calendar, overrides, profiles, wording
from rules.models import CalendarNotice, RuleProfile, WorkingDayOverride
from rules.refusals import Refused

NATIONAL, LOCAL, CALENDAR = "rules.edit_national_rules", "rules.edit_rules", "rules.edit_calendar"
FIRST_YEAR = 2010
MAX_FILE_BYTES = 64 * 1024


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


# --- who may edit --------------------------------------------------------------------------------


def editable_places(person) -> list[str] | None:
    """Area codes under which ``person`` may write rules; None: everywhere, the country included."""
    rights = rights_of(person)
    if rights.has(NATIONAL):
        return None
    paths = rights.area_paths(LOCAL)
    return list(Area.objects.filter(path__in=paths).values_list("code", flat=True)) if paths else []


def may_edit(places: list[str] | None, profile: RuleProfile) -> bool:
    return places is None or any(profile.place.startswith(code) for code in places if profile.place)


def _profile(request, pk: int) -> tuple[RuleProfile, list[str] | None]:
    """A rule this person may change, or 404."""
    places = editable_places(request.user)
    profile = get_object_or_404(RuleProfile, pk=pk)
    if not may_edit(places, profile):
        raise Http404
    return profile, places


# --- rules ---------------------------------------------------------------------------------------


@public
@require_safe
def rules(request):
    """Every rule: in force, coming, and no longer in force."""
    today = timezone.localdate()
    groups = {"now": [], "soon": [], "past": []}
    rows = list(RuleProfile.objects.all())
    names = _place_names(rows)
    for row in rows:
        row.place_name = names[row.place]
        if row.effective_from > today:
            groups["soon"].append(row)
        else:
            groups["now" if row.is_in_force(today) else "past"].append(row)
    return render(request, "portal/rulebook/rules.html", groups)


def _place_names(rows) -> dict[str, str]:
    codes = {row.place for row in rows}
    names = dict(Area.objects.filter(code__in=codes).values_list("code", "name"))
    return {code: names.get(code, code) or _("全国") for code in codes}


@public
@require_safe
def rule(request, pk):
    return _rule_page(request, get_object_or_404(RuleProfile, pk=pk))


def _rule_page(request, profile: RuleProfile, *, form=None, status: int = 200):
    """``form``: a reason refused by verify or withdraw."""
    places = editable_places(request.user)
    editor = may_edit(places, profile)
    versions = RuleProfile.objects.filter(code=profile.code).order_by("place", "-effective_from")
    versions = list(versions)
    names = _place_names(versions)
    for version in versions:
        version.place_name = names[version.place]
    context = {
        "profile": profile,
        "place_name": names[profile.place],
        "in_force": profile.is_in_force(),
        "leaves": list(wording.leaves(profile.params)),
        "versions": versions,
        "history": _history(profile, with_names=places != []),
        "editor": editor,
        "may_localize": places != [],
        "form": form or ReasonForm(),
    }
    return render(request, "portal/rulebook/rule.html", context, status=status)


def _history(profile: RuleProfile, *, with_names: bool) -> list[dict]:
    """What happened to a rule, newest first, told from the history rows the database keeps."""
    events = list(profile.events.select_related("pgh_context").order_by("-pgh_id"))
    reasons = [(event.pgh_context.metadata if event.pgh_context else {}) for event in events]
    names = {}
    if with_names:
        ids = {about["person"] for about in reasons if about.get("person")}
        names = dict(Person.objects.filter(pk__in=ids).values_list("pk", "name"))
    told = []
    for number, (event, about) in enumerate(zip(events, reasons, strict=True)):
        earlier = events[number + 1] if number + 1 < len(events) else None
        what = _what_happened(event, earlier)
        if what:
            who = names.get(about.get("person"), "")
            told.append(
                {
                    "what": what,
                    "at": event.pgh_created_at,
                    "reason": about.get("reason", ""),
                    "who": who,
                }
            )
    return told


def _what_happened(event, earlier) -> str:
    if earlier is None:
        return _("登记")
    if event.effective_to != earlier.effective_to:
        if event.effective_to is None:
            return _("恢复为长期有效")
        last = event.effective_to - timedelta(days=1)
        return _("有效期止于 %(day)s") % {"day": last.isoformat()}
    if event.verified_on != earlier.verified_on:
        return _("核对原文")
    if event.first_used_at != earlier.first_used_at:
        return _("首次被采用，此后不再修改")
    return _("修改")


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("原因"),
        max_length=200,
        error_messages={"required": gettext_lazy("请写明原因")},
    )


class ProfileForm(forms.Form):
    """A new version of a rule, or the same rule for a place: one box per value, in words."""

    effective_from = forms.DateField(
        label=gettext_lazy("施行日期"),
        help_text=gettext_lazy("原规则到前一天为止；此前已启动的事项仍按原规则办理。"),
        widget=DateInput(),
        error_messages={
            "required": gettext_lazy("请填写施行日期"),
            "invalid": gettext_lazy("日期须写作 2027-01-01"),
        },
    )
    title = forms.CharField(
        label=gettext_lazy("名称"),
        max_length=120,
        error_messages={"required": gettext_lazy("请填写名称")},
    )
    legal_basis = forms.CharField(
        label=gettext_lazy("依据"),
        help_text=gettext_lazy("写明法律法规或文件的名称和条文；没有依据的写明是本平台默认。"),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("请写明依据")},
    )

    def __init__(self, *args, source: RuleProfile, places: list[str] | None, local: bool, **kwargs):
        kwargs["initial"] = {
            "title": source.title,
            "legal_basis": "" if local else source.legal_basis,
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        self.source, self.places = source, places
        if local:
            self.fields["effective_from"].help_text = ""
            self.fields["place"] = forms.ChoiceField(
                label=_("适用地区"), choices=_place_choices(source, places)
            )
            self.order_fields(["place"])
        self.leaves = [
            leaf for leaf in wording.leaves(source.params) if leaf.kind in wording.EDITABLE
        ]
        for leaf in self.leaves:
            field = (
                forms.ChoiceField(choices=[(word, word) for word in leaf.options])
                if leaf.options
                else forms.CharField(max_length=40)
            )
            field.label, field.initial = leaf.label, leaf.text
            field.error_messages["required"] = _("请填写")
            self.fields[leaf.name] = field
        self.fields["reason"] = deepcopy(ReasonForm.base_fields["reason"])

    @property
    def values(self):
        return [self[leaf.name] for leaf in self.leaves]

    @property
    def about(self):
        return [self[name] for name in ("place", "effective_from", "title") if name in self.fields]

    def clean(self):
        super().clean()
        changes = {}
        for leaf in self.leaves:
            if text := self.cleaned_data.get(leaf.name):
                try:
                    changes[leaf.path] = wording.read(text, leaf.kind)
                except wording.Unreadable as unreadable:
                    self.add_error(leaf.name, str(unreadable))
        self.params = wording.replaced(self.source.params, changes)

    def said(self) -> dict:
        names = ("title", "legal_basis", "effective_from", "place")
        said = {name: self.cleaned_data[name] for name in names if name in self.fields}
        return {**said, "params": self.params}

    def refuse(self, error: Exception) -> None:
        """Show a refusal of the verb beside the field it is about."""
        if isinstance(error, profiles.TooEarly):
            self.add_error("effective_from", str(error))
            return
        if not isinstance(error, ValidationError):
            self.add_error(None, str(error))
            return
        for name, texts in error.message_dict.items():
            self.add_error(name if name in self.fields else None, texts)


def _place_choices(source: RuleProfile, places: list[str] | None) -> list[tuple[str, str]]:
    """Areas from the province to the subdistrict, inside the person's and the rule's own place."""
    areas = Area.objects.open().filter(
        level__in=["province", "city", "district", "subdistrict"],
        code__startswith=source.place,
    )
    if places is not None:
        inside = Q(pk__in=[])
        for code in places:
            inside |= Q(code__startswith=code)
        areas = areas.filter(inside)
    return [(code, f"{name}（{code}）") for code, name in areas.values_list("code", "name")]


@allowed(LOCAL, NATIONAL)
@require_http_methods(["GET", "HEAD", "POST"])
def supersede(request, pk):
    """Replace a rule from a day on."""
    profile, places = _profile(request, pk)
    if profile.effective_to is not None:
        raise Http404  # the page offers it on the latest version only
    form = ProfileForm(request.POST or None, source=profile, places=places, local=False)
    if form.is_valid():
        try:
            new = profiles.supersede(
                profile, by=request.user, reason=form.cleaned_data["reason"], **form.said()
            )
        except (Refused, ValidationError) as refused:
            form.refuse(refused)
        else:
            messages.success(
                request, _("新规则自 %(day)s 起施行。") % {"day": new.effective_from.isoformat()}
            )
            return redirect("rule", new.pk)
    return _form_page(request, form, profile, local=False)


@allowed(LOCAL, NATIONAL)
@require_http_methods(["GET", "HEAD", "POST"])
def localize(request, pk):
    """Write the same rule for a place, with its own numbers; the wider one stays for the rest."""
    places = editable_places(request.user)
    source = get_object_or_404(RuleProfile, pk=pk)
    form = ProfileForm(request.POST or None, source=source, places=places, local=True)
    if form.is_valid():
        try:
            new = profiles.add(
                code=source.code,
                by=request.user,
                reason=form.cleaned_data["reason"],
                **form.said(),
            )
        except (Refused, ValidationError) as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("本地规则已登记。"))
            return redirect("rule", new.pk)
    return _form_page(request, form, source, local=True)


def _form_page(request, form, profile, *, local: bool):
    context = {"form": form, "profile": profile, "local": local}
    status = 422 if form.errors else 200
    return render(request, "portal/rulebook/form.html", context, status=status)


@allowed(LOCAL, NATIONAL)
@require_POST
def verify(request, pk):
    """Record that this person compared the rule with the text of the law."""
    profile, _places = _profile(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _rule_page(request, profile, form=form, status=422)
    profiles.verify(profile, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("已记录核对。"))
    return redirect("rule", pk)


@allowed(LOCAL, NATIONAL)
@require_POST
def withdraw(request, pk):
    """Take back a rule nothing was opened under."""
    profile, _places = _profile(request, pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            profiles.withdraw(profile, by=request.user, reason=form.cleaned_data["reason"])
        except profiles.StillNeeded as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("规则已撤回，原规则恢复有效。"))
            return redirect("rules")
    return _rule_page(request, profile, form=form, status=422)


# --- the calendar --------------------------------------------------------------------------------


class DayForm(forms.Form):
    day = forms.DateField(
        label=gettext_lazy("日期"),
        widget=DateInput(),
        error_messages={
            "required": gettext_lazy("请填写日期"),
            "invalid": gettext_lazy("日期须写作 2027-01-01"),
        },
    )
    works = forms.ChoiceField(
        label=gettext_lazy("这一天"),
        choices=[
            ("off", gettext_lazy("休息")),
            ("work", gettext_lazy("上班")),
            ("clear", gettext_lazy("取消调整，恢复内置日历")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择")},
    )
    source = forms.CharField(
        label=gettext_lazy("依据"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("文号或网址；取消调整时可不填。"),
    )
    reason = ReasonForm.base_fields["reason"]

    def clean_day(self):
        day = self.cleaned_data["day"]
        if not FIRST_YEAR <= day.year <= _last_year():
            text = _("年份须在 %(first)d 到 %(last)d 之间")
            raise ValidationError(text % {"first": FIRST_YEAR, "last": _last_year()})
        return day

    def clean(self):
        super().clean()
        if self.cleaned_data.get("works") != "clear" and not self.cleaned_data.get("source"):
            self.add_error("source", _("请写明依据"))


def _last_year() -> int:
    return timezone.localdate().year + 2


@public
@require_safe
def calendar_now(request):
    return _year_page(request, timezone.localdate().year)


@public
@require_safe
def calendar_year(request, year):
    if not FIRST_YEAR <= year <= _last_year():
        raise Http404
    return _year_page(request, year)


def _year_page(request, year: int, *, form=None, status: int = 200):
    days = calendar.read()
    months = []
    for month in range(1, 13):
        weeks = calendar.month_grid(year, month, days)
        cells = [cell for week in weeks for cell in week if cell]
        months.append(
            {
                "number": month,
                "weeks": weeks,
                "working": sum(cell.works for cell in cells),
                "notes": _notes(cells),
            }
        )
    this_year = timezone.localdate().year
    rows = WorkingDayOverride.objects.filter(day__year=year).select_related("notice")
    context = {
        "year": year,
        "months": months,
        "working": sum(month["working"] for month in months),
        "provisional": calendar.is_provisional(year),
        "overrides": list(rows),
        "notices": list(CalendarNotice.objects.filter(year=year)),
        "years": range(max(FIRST_YEAR, min(year, this_year) - 1), _last_year() + 1),
        "hours": "、".join(
            f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in calendar.working_hours()
        ),
        "editor": rights_of(request.user).has(CALENDAR),
        "form": form or DayForm(),
    }
    return render(request, "portal/rulebook/calendar.html", context, status=status)


def _notes(cells) -> list[str]:
    """1–7日 休（国庆节）, 10日 班: the month's special days in words, plain weekends left out."""
    notes = []
    for kind, run in groupby(cells, key=lambda cell: cell.mark if cell.works else "rest"):
        days = list(run)
        names = [cell.name for cell in days if cell.name not in {"", "调休"}]
        if not kind or (kind == "rest" and not names and all(d.mark == "rest" for d in days)):
            continue
        first, last = days[0].number, days[-1].number
        when = f"{first}日" if first == last else f"{first}–{last}日"
        if kind == "worked":
            notes.append(f"{when} {_('班')}")
        else:
            why = f"（{'、'.join(dict.fromkeys(names))}）" if names else ""
            notes.append(f"{when} {_('休')}{why}")
    return notes


@allowed(CALENDAR)
@require_POST
def set_day(request):
    """Let one day work or not, or take that back."""
    form = DayForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        day, reason = said["day"], said["reason"]
        if said["works"] == "clear":
            done = overrides.clear_day(day, reason=reason, by=request.user)
            text = _("%(day)s 已恢复内置日历。") if done else _("%(day)s 没有调整，无需取消。")
        else:
            works = said["works"] == "work"
            overrides.set_day(day, works, source=said["source"], reason=reason, by=request.user)
            text = _("%(day)s 已调整。已起算的期限不变。")
        messages.success(request, text % {"day": day.isoformat()})
        return redirect("rules_calendar_year", day.year)
    day = form.cleaned_data.get("day")
    return _year_page(
        request, day.year if day else timezone.localdate().year, form=form, status=422
    )


class NoticeForm(forms.Form):
    year = forms.IntegerField(
        label=gettext_lazy("年份"),
        error_messages={
            "required": gettext_lazy("请填写年份"),
            "invalid": gettext_lazy("年份须为四位数字"),
        },
    )
    source = forms.CharField(
        label=gettext_lazy("来源（文号或网址）"),
        max_length=200,
        error_messages={"required": gettext_lazy("请填写来源")},
    )
    text = forms.CharField(
        label=gettext_lazy("通知正文，或逐日列表"),
        help_text=gettext_lazy(
            "可直接粘贴国务院通知；或每行一天，如 2027-01-01,off（休）、2027-01-31,work（班）。"
        ),
        widget=forms.Textarea(attrs={"rows": 10}),
        required=False,
        max_length=20_000,
    )
    file = forms.FileField(
        label=gettext_lazy("或上传 CSV、TXT 文件"), required=False, allow_empty_file=False
    )
    is_complete = forms.BooleanField(
        label=gettext_lazy("这是全年安排"),
        help_text=gettext_lazy(
            "通知未列的日子按周一至周五上班、周末休息；个别调整的通知请取消此项。"
        ),
        required=False,
        initial=True,
    )
    reason = ReasonForm.base_fields["reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        year = self.fields["year"]
        year.initial = timezone.localdate().year + 1
        year.min_value, year.max_value = FIRST_YEAR, _last_year()
        self.fields["reason"].initial = _("录入国务院放假安排")

    def clean_year(self):
        year = self.cleaned_data["year"]
        if not FIRST_YEAR <= year <= _last_year():
            text = _("年份须在 %(first)d 到 %(last)d 之间")
            raise ValidationError(text % {"first": FIRST_YEAR, "last": _last_year()})
        return year

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > MAX_FILE_BYTES:
            raise ValidationError(_("文件不能超过 64 KB"))
        try:
            return overrides.decode(file.read())
        except overrides.NotText as refused:
            raise ValidationError(str(refused)) from None

    def clean(self):
        super().clean()
        said = self.cleaned_data
        if said.get("file"):
            said["text"] = said["file"]
        elif not said.get("text") and "file" not in self.errors:
            self.add_error("text", _("请粘贴通知或上传文件"))

    def check(self, plan: overrides.Draft) -> None:
        """Put what is wrong with the notice beside its text, line by line."""
        texts = list(plan.faults)
        for row in plan.rows:
            about = f"{row.day.isoformat()}：" if row.day else f"“{row.text[:40]}”："
            texts += [
                _("第 %(line)d 行 %(what)s") % {"line": row.line, "what": about + error}
                for error in row.errors
            ]
        for text in texts:
            self.add_error("text", text)

    def shown_again(self, text: str) -> "NoticeForm":
        """The same form with ``text`` (an uploaded file's, say) in the box to be corrected."""
        data = self.data.copy()
        data["text"] = text
        form = NoticeForm(data)
        form._errors = self._errors
        form.cleaned_data = self.cleaned_data
        return form


@allowed(CALENDAR)
@require_http_methods(["GET", "HEAD", "POST"])
def import_notice(request):
    """Paste or upload → preview with faults by line → confirm; nothing is written before."""
    if request.method != "POST":
        year = request.GET.get("year", "")
        initial = {"year": int(year)} if year.isdecimal() and len(year) == 4 else {}
        return _import_page(request, NoticeForm(initial=initial))
    form = NoticeForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, form, status=422)
    said = dict(form.cleaned_data)  # add_error takes a field's value out of the form's own
    plan = overrides.draft(said["text"], said["year"], is_complete=said["is_complete"])
    if plan.error_count:
        form.check(plan)
        return _import_page(request, form.shown_again(said["text"]), status=422)
    if "confirm" not in request.POST:
        return _import_page(request, form.shown_again(said["text"]), plan=plan)
    notice = overrides.take_in(
        said["text"],
        said["year"],
        source=said["source"],
        reason=said["reason"],
        by=request.user,
        is_complete=said["is_complete"],
    )
    if notice is None:
        messages.info(request, _("这份通知已经导入过，没有任何变化。"))
        return redirect("rules_calendar_year", said["year"])
    messages.success(request, _("已导入。已起算的期限不变。"))
    return redirect("rules_notice", notice.pk)


def _import_page(request, form, *, plan=None, status: int = 200):
    # The confirming form carries what was previewed, the file's text included.
    carried = NoticeForm(form.data, auto_id=False)
    names = ("year", "source", "text", "is_complete", "reason")
    hidden = [carried[name] for name in names] if plan else []
    context = {"form": form, "plan": plan, "hidden": hidden}
    return render(request, "portal/rulebook/import.html", context, status=status)


@public
@require_safe
def notice(request, pk):
    return _notice_page(request, get_object_or_404(CalendarNotice, pk=pk))


def _notice_page(request, notice, *, form=None, status: int = 200):
    context = {
        "notice": notice,
        "lines": list(notice.lines.all()),
        "editor": rights_of(request.user).has(CALENDAR),
        "form": form or ReasonForm(),
    }
    return render(request, "portal/rulebook/notice.html", context, status=status)


@allowed(CALENDAR)
@require_POST
def undo_notice(request, pk):
    """Put back what stood before a notice."""
    notice = get_object_or_404(CalendarNotice, pk=pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            days = overrides.undo(notice, reason=form.cleaned_data["reason"], by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("已撤销，恢复了 %(days)d 天。") % {"days": days})
            return redirect("rules_notice", pk)
    return _notice_page(request, notice, form=form, status=422)
