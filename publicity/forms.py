"""The shape of what people fill in about notices and disclosures."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import access
from orgs.models import Appointment, Area, AreaLevel, Organization
from orgs.positions import rights_of_position
from publicity import disclosures, notices, periods, tables
from publicity.models import Every, Result, Scope
from publicity.words import StillPrivate, refuse_private
from rules.refusals import Refused

L = gettext_lazy
MOST_BYTES = 500_000
LEVELS = (AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY, AreaLevel.GRID)


def _area_choices(person, right: str) -> list[tuple[str, list]]:
    """Places where the person holds the right, grids under the names of their communities."""
    paths = access.rights_of(person).area_paths(right)
    found = [
        area
        for path in paths
        for area in Area.objects.open().filter(path__startswith=path, level__in=LEVELS)
    ]
    groups: dict[str, list] = {}
    names = {area.path: area.name for area in found}
    for area in found:
        above = names.get(area.path[: -Area.steplen]) if area.level == AreaLevel.GRID else None
        groups.setdefault(above or _("整个街道或社区"), []).append((area.pk, area.name))
    return list(groups.items())


def _organizations(person, right: str):
    """Bodies in whose name the person may publish: where a post of theirs carries the right."""
    posts = Appointment.objects.in_force().filter(person=person)
    ids = [
        body
        for body, position in posts.values_list("organization", "position")
        if right in rights_of_position(position)
    ]
    return Organization.objects.open().filter(pk__in=ids).order_by("pk")


class Refusing(forms.Form):
    """Says a verb's refusal where it belongs: beside its field, else on top."""

    def refuse(self, refused: Refused) -> None:
        for name, label in getattr(refused, "fields", {}).items():
            text = _("请填写：%(names)s") % {"names": label}
            self.add_error(name if name in self.fields else None, text)
        if not getattr(refused, "fields", None):
            self.add_error(None, str(refused))


class WithTable(Refusing):
    rows = forms.CharField(
        label=L("明细表"),
        required=False,
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=L(
            "从电子表格复制粘贴，第一行是列名；也可以用逗号隔开。姓名一列只公开姓，如“王*”。"
        ),
    )
    file = forms.FileField(
        label=L("或上传 CSV 文件"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self):
        upload = self.cleaned_data["file"]
        if not upload:
            return ""
        if upload.size > MOST_BYTES:
            raise forms.ValidationError(_("文件不能超过 500 KB"))
        content = upload.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                return text
        raise forms.ValidationError(_("文件读不出来，请另存为 CSV（UTF-8）后再传"))

    def clean(self):
        given = super().clean()
        for name in ("rows", "file"):
            if text := given.get(name):
                try:
                    given["table"] = tables.clean(tables.read_csv(text))
                except Refused as refused:
                    self.add_error(name, str(refused))
        return given

    @property
    def table(self) -> dict:
        return self.cleaned_data.get("table", {})

    def _refuse_in(self, name: str):
        text = self.cleaned_data[name]
        try:
            refuse_private(text)
        except StillPrivate as refused:
            raise forms.ValidationError(str(refused)) from refused
        return text

    def clean_title(self):
        return self._refuse_in("title")


class PlacedForm(WithTable):
    """Where and in whose name; ``right`` is what it takes there."""

    right = ""
    area = forms.TypedChoiceField(label=L("范围"), coerce=int)
    organization = forms.ModelChoiceField(
        label=L("以哪个单位名义"), queryset=Organization.objects.none(), empty_label=None
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["area"].choices = _area_choices(person, self.right)
        self.fields["organization"].queryset = _organizations(person, self.right)

    def clean_area(self):
        return Area.objects.get(pk=self.cleaned_data["area"])


class NoticeForm(PlacedForm):
    right = notices.PUBLISH
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(label=L("类型"))
    title = forms.CharField(label=L("标题"), max_length=80)
    body = forms.CharField(
        label=L("正文"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=L("不要写电话、身份证号、门牌号；单位电话会自动印在下面。"),
    )
    scope = forms.ChoiceField(label=L("给谁看"), choices=Scope.choices, initial=Scope.PUBLIC)
    days = forms.IntegerField(
        label=L("公示几个工作日"),
        required=False,
        min_value=1,
        max_value=60,
        help_text=L("不填就按规定的期限；可以更长，不能更短。"),
    )
    field_order = (
        "kind",
        "title",
        "body",
        "rows",
        "file",
        "area",
        "organization",
        "scope",
        "days",
        "key",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(k.code, k.label) for k in notices.kinds_by_hand()]
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())

    def clean_body(self):
        return self._refuse_in("body")

    def publish(self) -> notices.Notice:
        given = self.cleaned_data
        days = given["days"]
        return notices.publish(
            kind=given["kind"],
            subject=f"{given['kind']}:{given['key'] or uuid.uuid4()}",
            title=given["title"],
            body=given["body"],
            table=self.table,
            area=given["area"],
            organization=given["organization"],
            scope=given["scope"],
            term={"unit": "working_days", "amount": days} if days else None,
            by=self.person,
        )


class ObjectionForm(Refusing):
    text = forms.CharField(
        label=L("哪里不对？"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=L("写清楚哪一条、为什么。只有负责答复的人看得到您是谁。"),
    )


class AnswerForm(Refusing):
    is_accepted = forms.TypedChoiceField(
        label=L("是否采纳"),
        choices=[("yes", L("采纳，结束时更正")), ("no", L("不采纳"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=L("答复"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=L("异议人和大家都会看到。"),
    )
    public_text = forms.CharField(
        label=L("公开的异议内容"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("已去掉电话、门牌和称呼，请再看一遍：不要让人认出是谁。"),
    )


class CloseForm(Refusing):
    result = forms.ChoiceField(label=L("结果"), choices=Result.choices, widget=forms.RadioSelect)
    correction = forms.CharField(
        label=L("更正内容"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=L("选“已更正”时必填：哪一条改成什么。"),
    )


class WithdrawForm(Refusing):
    reason = forms.CharField(
        label=L("撤回原因"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("会公开显示，提过异议的人会收到消息。"),
    )


# --- disclosures -------------------------------------------------------------------------------


class WordsForm(WithTable):
    """The words of a disclosure that is owed: where, what and for when is settled."""

    title = forms.CharField(label=L("标题"), max_length=80)
    text = forms.CharField(
        label=L("说明"), required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 6})
    )
    field_order = ("title", "text", "rows", "file")

    def clean_text(self):
        return self._refuse_in("text")

    @property
    def words(self) -> dict:
        given = self.cleaned_data
        return {"title": given["title"], "text": given["text"], "table": self.table}


class DisclosureForm(PlacedForm, WordsForm):
    right = disclosures.PUBLISH
    kind = forms.ChoiceField(label=L("类型"))
    period = forms.ChoiceField(label=L("哪个时期"))
    field_order = (
        "kind",
        "period",
        "title",
        "text",
        "rows",
        "file",
        "area",
        "organization",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(k.code, k.label) for k in disclosures.kinds_by_hand()]
        codes = periods.recent(timezone.localdate())
        self.fields["period"].choices = [(code, periods.label(code)) for code in codes]

    def publish(self) -> disclosures.Disclosure:
        given = self.cleaned_data
        return disclosures.publish(
            kind=given["kind"],
            area=given["area"],
            period=given["period"],
            organization=given["organization"],
            by=self.person,
            **self.words,
        )


class CorrectionForm(WordsForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    what = forms.CharField(label=L("更正了什么"), max_length=300)
    why = forms.CharField(label=L("为什么更正"), max_length=300)
    field_order = ("title", "text", "rows", "file", "what", "why", "version")


class ScheduleForm(Refusing):
    kind = forms.ChoiceField(label=L("类型"))
    area = forms.TypedChoiceField(label=L("范围"), coerce=int)
    organization = forms.ModelChoiceField(
        label=L("公开单位"), queryset=Organization.objects.none(), empty_label=None
    )
    every = forms.ChoiceField(label=L("多久一次"), choices=Every.choices, initial=Every.MONTH)
    due_day = forms.IntegerField(
        label=L("期满后几号前公开"),
        min_value=1,
        max_value=28,
        initial=10,
        help_text=L("遇休息日顺延到下一个工作日。"),
    )
    due_on = forms.DateField(
        label=L("一次性公开的期限"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=L("只有选“一次”时填写。"),
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["kind"].choices = [(k.code, k.label) for k in disclosures.kinds()]
        self.fields["area"].choices = _area_choices(person, disclosures.PUBLISH)
        self.fields["organization"].queryset = _organizations(person, disclosures.PUBLISH)

    def clean_area(self):
        return Area.objects.get(pk=self.cleaned_data["area"])

    def clean(self):
        given = super().clean()
        if given.get("every") == Every.ONCE:
            if not given.get("due_on"):
                self.add_error("due_on", _("请填写：公开期限"))
        else:
            given["due_on"] = None
        return given

    def schedule(self):
        return disclosures.schedule(by=self.person, **self.cleaned_data)
