"""The shape of a new version of a rule: everything it says, in boxes."""

import json
import re
from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.positions import ADMINISTRATORS, Position
from points import catalogue
from points.matters import ForbiddenMatter, refuse_forbidden
from points.models import CapSubject, CapWindow, Evidence, Rule, RuleKind, RuleVersion, Source
from rules.refusals import Refused

L = gettext_lazy
CAP_ROWS = 4
MOST_POINTS = 100_000
_GRADE = re.compile(r"^(?P<grade>.*?)[\s:：,，]*(?P<points>\d{1,6})\s*分?$")
POSTS = [(post.value, post.label) for post in Position if post not in ADMINISTRATORS]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class OnForm(forms.Form):
    """``?on=``: a day to read the catalogue of."""

    on = forms.DateField(label=L("看哪一天的规则"), required=False, widget=DayInput())


class CapForm(forms.Form):
    """One upper limit. A row without a number is no row."""

    subject = forms.ChoiceField(label=L("对象"), choices=CapSubject.choices)
    window = forms.ChoiceField(label=L("期间"), choices=CapWindow.choices, initial="month")
    limit = forms.IntegerField(label=L("上限"), required=False, min_value=1, max_value=MOST_POINTS)
    how = forms.ChoiceField(
        label=L("怎么算"),
        choices=[
            ("", L("合计不超过这么多分")),
            ("per_grade", L("每档不超过这么多次")),
            ("takes_highest", L("同项取高，合计不超过这么多分")),
        ],
        required=False,
    )

    def said(self) -> dict | None:
        given = self.cleaned_data
        if not given.get("limit"):
            return None
        return {
            "subject": given["subject"],
            "window": given["window"],
            "limit": given["limit"],
            "per_grade": given["how"] == "per_grade",
            "takes_highest": given["how"] == "takes_highest",
        }


class BaseCaps(forms.BaseFormSet):
    def clean(self):
        if any(self.errors):
            return
        seen = set()
        for row in self.forms:
            said = row.said()
            if said is None:
                continue
            key = (said["subject"], said["window"])
            if key in seen:
                row.add_error("window", _("同一对象同一期间只能有一个上限"))
            seen.add(key)

    @property
    def rows(self) -> list[dict]:
        return [said for row in self.forms if (said := row.said()) is not None]


CapFormSet = forms.formset_factory(
    CapForm, formset=BaseCaps, extra=CAP_ROWS, max_num=CAP_ROWS, absolute_max=CAP_ROWS
)


def _posts(label, help_text="") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=POSTS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


class VersionForm(forms.Form):
    """What a new version says. ``seen`` is the version the person was looking at."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    effective_from = forms.DateField(
        label=L("施行日期"),
        widget=DayInput(),
        help_text=L("最早从今天起；在这之前发生的事仍按原来的规则算。"),
        error_messages={"required": L("请填写施行日期")},
    )
    reason = forms.CharField(
        label=L("修订原因"),
        max_length=200,
        help_text=L("会和规则一起公开。"),
        error_messages={"required": L("请写明修订原因")},
    )
    title = forms.CharField(
        label=L("行为"), max_length=60, error_messages={"required": L("请写明什么行为")}
    )
    measure = forms.CharField(
        label=L("单位"),
        max_length=6,
        help_text=L("如次、小时、件、月。"),
        error_messages={"required": L("请填写单位")},
    )
    amounts = forms.CharField(
        label=L("分值"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=600,
        help_text=L("只有一档就写一个数，如“10”；分档的每行一档，如“一星 50”。"),
        error_messages={"required": L("请填写分值")},
    )
    to_household = forms.BooleanField(label=L("计入家庭账户"), required=False)
    adults_only = forms.BooleanField(label=L("限年满 18 周岁的成年人"), required=False)
    evidence = forms.ChoiceField(label=L("佐证"), choices=Evidence.choices)
    sources = forms.MultipleChoiceField(
        label=L("谁来申报"), choices=Source.choices, widget=forms.CheckboxSelectMultiple
    )
    certifier_label = forms.CharField(
        label=L("认证人称呼"),
        max_length=30,
        help_text=L("居民熟悉的叫法，如“项目负责人”。"),
        error_messages={"required": L("请写明由谁认证")},
    )
    certifiers = _posts(L("由哪些职务认证"))
    excluded = _posts(L("本职人员不得申报"), L("勾选的职务不能为这项申报积分。"))
    only_for = _posts(L("仅限这些职务"), L("不勾选就是人人可以申报。"))
    note = forms.CharField(
        label=L("说明"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    basis = forms.CharField(
        label=L("依据"),
        required=False,
        max_length=200,
        help_text=L("文件名称和条文；没有的写明是本街道自定。"),
    )

    MAIN = ("effective_from", "reason", "title", "measure", "amounts")
    WHO = ("evidence", "sources", "certifier_label", "certifiers")
    MORE = ("note", "basis")

    def __init__(self, data=None, *, rule: Rule, latest: RuleVersion | None, **kwargs):
        self.rule, self.latest = rule, latest
        super().__init__(data, initial=_initial(latest) if latest else _blank(), **kwargs)
        caps = _caps_of(latest) if latest else []
        self.caps = CapFormSet(data, prefix="caps", initial=caps)

    @property
    def main(self):
        return [self[name] for name in self.MAIN]

    @property
    def who(self):
        return [self[name] for name in self.WHO]

    @property
    def more(self):
        return [self[name] for name in self.MORE]

    @property
    def is_folded(self) -> dict[str, bool]:
        """Lists of posts nobody has ticked are folded, unless there is something to correct."""
        return {
            name: not self[name].value() and not self[name].errors
            for name in ("excluded", "only_for")
        }

    def is_valid(self) -> bool:
        return super().is_valid() & self.caps.is_valid()

    # --- each box

    def _nothing_forbidden(self, name: str):
        text = self.cleaned_data[name]
        try:
            refuse_forbidden(text)
        except ForbiddenMatter as refused:
            raise ValidationError(str(refused)) from refused
        return text

    def clean_title(self):
        return self._nothing_forbidden("title")

    def clean_note(self):
        return self._nothing_forbidden("note")

    def clean_amounts(self) -> tuple[list[int], list[str]]:
        """(points, grades): one number, or a line for each grade."""
        lines = [line.strip() for line in self.cleaned_data["amounts"].splitlines()]
        amounts, grades = [], []
        for line in filter(None, lines):
            found = _GRADE.match(line)
            if found is None:
                raise ValidationError(_("看不懂“%(line)s”，请写成“一星 50”") % {"line": line})
            amounts.append(int(found["points"]))
            grades.append(found["grade"].strip())
        if not amounts:
            raise ValidationError(_("请填写分值"))
        if not all(0 < points <= MOST_POINTS for points in amounts):
            raise ValidationError(_("分值须大于零，且不超过 %(most)d") % {"most": MOST_POINTS})
        if len(amounts) == 1:
            grades = [grade for grade in grades if grade]
        elif not all(grades):
            raise ValidationError(_("分档时每一行都要写档次名称"))
        if any(len(grade) > 12 for grade in grades) or len(set(grades)) < len(grades):
            raise ValidationError(_("档次名称不能重复，也不能超过 12 个字"))
        try:
            refuse_forbidden(*grades)
        except ForbiddenMatter as refused:
            raise ValidationError(str(refused)) from refused
        return amounts, grades

    def clean_effective_from(self) -> date:
        day = self.cleaned_data["effective_from"]
        if day < timezone.localdate():
            raise ValidationError(str(catalogue.InThePast()))
        if self.latest is not None and day <= self.latest.effective_from:
            raise ValidationError(str(catalogue.NotAfter(self.latest)))
        return day

    def clean(self):
        given = super().clean()
        only_system = given.get("sources") == [Source.SYSTEM]
        earns = self.rule.kind == RuleKind.EARN
        if earns and "sources" in given and not (given.get("certifiers") or only_system):
            self.add_error("certifiers", str(catalogue.NobodyCertifies()))
        if self.latest is None:
            return given
        if given.get("seen") is not None and given["seen"] != self.latest.number:
            text = _("您打开页面后，这条规则已有第 %(number)d 版，请看过再改")
            self.add_error(None, text % {"number": self.latest.number})
        return given

    # --- what it says

    @property
    def draft(self) -> dict:
        """For ``catalogue.preview`` and ``write_version``."""
        given = self.cleaned_data
        amounts, grades = given["amounts"]
        kept = {
            name: given[name]
            for name in catalogue.FIELDS
            if name in given and name not in {"amounts", "grades"}
        }
        return {**kept, "amounts": amounts, "grades": grades, "caps": self.caps.rows}

    @property
    def mark(self) -> str:
        """Stands for exactly this draft: who confirms has seen what it would have done."""
        said = {**self.draft, "from": self.cleaned_data["effective_from"].isoformat()}
        of = [self.rule.area_id, self.rule.code, self.latest.number if self.latest else 0]
        text = json.dumps([*of, said], sort_keys=True, default=str)
        return salted_hmac("points.rule_preview", text).hexdigest()

    def was_previewed(self, mark: str) -> bool:
        return constant_time_compare(self.mark, mark)

    def write(self, *, by) -> RuleVersion:
        given = self.cleaned_data
        return catalogue.write_version(
            self.rule,
            self.draft,
            by=by,
            reason=given["reason"],
            effective_from=given["effective_from"],
        )

    def refuse(self, refused: Exception) -> None:
        """Show what the verb refused beside the box it is about."""
        if isinstance(refused, ValidationError):
            texts = refused.message_dict if hasattr(refused, "error_dict") else {None: refused}
            for name, text in texts.items():
                self.add_error(name if name in self.fields else None, text)
            return
        names = {
            catalogue.InThePast: "effective_from",
            catalogue.NotAfter: "effective_from",
            catalogue.NobodyCertifies: "certifiers",
            catalogue.CodeTaken: "code",
            ForbiddenMatter: "title",
        }
        self.add_error(names.get(type(refused)), str(refused))


class RuleForm(VersionForm):
    """A rule of a new code, with what its first version says."""

    code = forms.RegexField(
        r"^[PN][0-9]{2}$",
        label=L("代码"),
        max_length=3,
        help_text=L("P 开头是加分，N 开头是扣分，后面两位数字。"),
        error_messages={
            "required": L("请填写代码"),
            "invalid": L("代码为 P 或 N 加两位数字，如 P23"),
        },
    )
    seen = None  # there is no version yet
    field_order = ["code"]
    MAIN = ("code", *VersionForm.MAIN)

    def __init__(self, data=None, *, area, **kwargs):
        code = str((data or {}).get("code", ""))[:3]
        super().__init__(data, rule=catalogue.new_rule(area, code), latest=None, **kwargs)
        self.initial["code"] = catalogue.next_code(area)
        self.fields["reason"].label = _("制定原因")

    def clean_code(self):
        code = self.cleaned_data["code"]
        if Rule.objects.filter(area=self.rule.area, code=code).exists():
            raise ValidationError(str(catalogue.CodeTaken(code)))
        return code

    def write(self, *, by) -> RuleVersion:
        given = self.cleaned_data
        return catalogue.write_rule(
            self.rule.area,
            given["code"],
            self.draft,
            by=by,
            reason=given["reason"],
            effective_from=given["effective_from"],
        )


def _blank() -> dict:
    return {
        "effective_from": timezone.localdate() + timedelta(days=1),
        "evidence": Evidence.TEXT,
        "sources": [Source.SELF],
    }


def _initial(latest: RuleVersion) -> dict:
    given = {name: getattr(latest, name) for name in catalogue.FIELDS if name != "grades"}
    if latest.grades:
        pairs = zip(latest.grades, latest.amounts, strict=True)
        given["amounts"] = "\n".join(f"{grade} {points}" for grade, points in pairs)
    else:
        given["amounts"] = str(latest.amounts[0])
    tomorrow = timezone.localdate() + timedelta(days=1)
    after = latest.effective_from + timedelta(days=1)
    return {**given, "seen": latest.number, "effective_from": max(tomorrow, after)}


def _caps_of(latest: RuleVersion) -> list[dict]:
    return [
        {
            "subject": cap.subject,
            "window": cap.window,
            "limit": cap.limit,
            "how": "per_grade" if cap.per_grade else ("takes_highest" if cap.takes_highest else ""),
        }
        for cap in latest.caps.all()
    ]


class EndForm(forms.Form):
    """The last day of a rule."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    last_day = forms.DateField(
        label=L("最后一天"),
        widget=DayInput(),
        help_text=L("这一天发生的事还算，第二天起不再计分。最早是今天。"),
        error_messages={"required": L("请填写最后一天")},
    )
    reason = forms.CharField(
        label=L("停止原因"),
        max_length=200,
        help_text=L("会和规则一起公开。"),
        error_messages={"required": L("请写明停止原因")},
    )

    def __init__(self, *args, latest: RuleVersion, **kwargs):
        super().__init__(*args, **kwargs)
        self.latest = latest
        self.initial.setdefault("seen", latest.number)

    def clean(self):
        given = super().clean()
        if given.get("seen") is not None and given["seen"] != self.latest.number:
            text = _("您打开页面后，这条规则已有第 %(number)d 版，请看过再改")
            self.add_error(None, text % {"number": self.latest.number})
        ended = self.latest.effective_to
        if ended is not None and ended < timezone.localdate():
            text = _("这条规则已于 %(day)s 失效；要恢复，请写新版本")
            self.add_error(None, text % {"day": ended.isoformat()})
        return given

    def refuse(self, refused: Refused) -> None:
        self.add_error("last_day", str(refused))
