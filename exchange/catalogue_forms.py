"""The shapes of items, terms, outlets and stops."""

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchange.models import Item, ItemKind, Outlet, OutletKind
from orgs import uploads
from orgs.forms import DayInput, NamedChoice, reason_field
from orgs.models import Area, Organization
from rules.workflow import Missing

L = gettext_lazy
MOST_POINTS, MOST_PIECES = 100_000, 999
WEEKDAYS = [
    (1, L("周一")),
    (2, L("周二")),
    (3, L("周三")),
    (4, L("周四")),
    (5, L("周五")),
    (6, L("周六")),
    (7, L("周日")),
]


def whole(label, most: int, *, required=True, help_text="") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=most,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": L("请填写数字"),
            "invalid": L("请填写整数"),
            "min_value": L("至少为 1"),
            "max_value": L("数字太大了，请核对"),
        },
    )


class Refusable(forms.Form):
    """Shows a verb's refusal beside the field it speaks of."""

    beside: dict[type, str] = {}

    def refuse(self, refused: Exception) -> None:
        names = list(refused.fields) if isinstance(refused, Missing) else []
        names = names or [self.beside.get(type(refused), "")]
        for name in names:
            self.add_error(name if name in self.fields else None, str(refused))


class TermsForm(Refusable):
    points = whole(L("分值"), MOST_POINTS)
    household_monthly = whole(
        L("每户每月上限（件）"), MOST_PIECES, required=False, help_text=L("留空表示不限")
    )
    person_monthly = whole(
        L("每人每月上限（件）"), MOST_PIECES, required=False, help_text=L("留空表示不限")
    )
    starts_on = forms.DateField(
        label=L("从哪天起"),
        widget=DayInput(),
        error_messages={"required": L("请填写日期"), "invalid": L("日期不对，请重新选择")},
    )
    reason = reason_field(label=L("依据"), help_text=L("如询价记录、会议或文件"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("starts_on", timezone.localdate())

    @property
    def terms(self) -> dict:
        names = ("points", "household_monthly", "person_monthly", "starts_on", "reason")
        return {name: self.cleaned_data[name] for name in names}


class ItemForm(TermsForm):
    """A new item with its first terms."""

    area = NamedChoice(
        Area.objects.none(),
        label=L("街道"),
        naming=lambda area: area.name,
        empty_label=None,
        error_messages={"required": L("请选择街道")},
    )
    code = forms.CharField(
        label=L("编号"),
        max_length=8,
        help_text=L("字母和数字，如 E26"),
        validators=[RegexValidator(r"^[A-Za-z0-9]+$", L("编号只用字母和数字"))],
        error_messages={"required": L("请填写编号")},
    )
    name = forms.CharField(
        label=L("名称"), max_length=40, error_messages={"required": L("请填写名称")}
    )
    kind = forms.ChoiceField(label=L("类型"), choices=ItemKind)
    text = forms.CharField(
        label=L("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("area", "code", "name", "kind", "text")

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = places
        self.initial.setdefault("area", places.first())

    def clean_code(self):
        return self.cleaned_data["code"].upper()


class WordsForm(Refusable):
    """Name, words and picture of an item that is there."""

    name = forms.CharField(
        label=L("名称"), max_length=40, error_messages={"required": L("请填写名称")}
    )
    text = forms.CharField(
        label=L("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    picture = forms.FileField(
        label=L("图片"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=L("一张，不超过 10 MB；不传就保留原来的"),
    )

    def clean_picture(self):
        """The picture drawn anew, or None."""
        upload = self.cleaned_data["picture"]
        if not upload:
            return None
        try:
            return uploads.read(upload)
        except uploads.PhotoRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


class OutletForm(Refusable):
    name = forms.CharField(
        label=L("名称"), max_length=40, error_messages={"required": L("请填写名称")}
    )
    address = forms.CharField(label=L("地址"), max_length=80, required=False)
    hours = forms.CharField(
        label=L("营业时间"), max_length=40, required=False, help_text=L("如 9:00—17:30")
    )
    phone = forms.CharField(
        label=L("公开电话"),
        max_length=20,
        required=False,
        help_text=L("办公电话，对外公开；不要填写个人手机号"),
    )
    building = NamedChoice(
        Area.objects.none(),
        label=L("所在楼栋"),
        required=False,
        naming=lambda area: area.full_name,
        empty_label=L("不在楼栋里"),
        help_text=L("用来告诉居民有多远"),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=L("每周兑换日"),
        choices=WEEKDAYS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=L("都不选，表示营业时间都可以"),
    )
    month_days = forms.CharField(
        label=L("每月兑换日"), max_length=60, required=False, help_text=L("几号，如 8、28")
    )
    only_on_days = forms.BooleanField(label=L("只在兑换日发放"), required=False)

    def __init__(self, *args, buildings, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = buildings

    def clean_month_days(self):
        text = self.cleaned_data["month_days"]
        words = text.replace("、", " ").replace(",", " ").replace("，", " ").split()
        days = []
        for word in words:
            number = word.removesuffix("日").removesuffix("号")
            if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 31):
                raise forms.ValidationError(_("请填写 1 至 31，用顿号分开"))
            days.append(int(number))
        return sorted(set(days))

    @staticmethod
    def initial_of(outlet: Outlet) -> dict:
        words = ("name", "address", "hours", "phone", "building", "weekdays", "only_on_days")
        days = "、".join(map(str, outlet.month_days))
        return {**{name: getattr(outlet, name) for name in words}, "month_days": days}


class NewOutletForm(OutletForm):
    kind = forms.ChoiceField(label=L("类别"), choices=OutletKind)
    organization = NamedChoice(
        Organization.objects.none(),
        label=L("经办单位"),
        naming=lambda body: f"{body.name}（{body.get_kind_display()}）",
        empty_label=L("请选择"),
        error_messages={"required": L("请选择经办单位")},
    )
    field_order = ("kind", "organization")

    def __init__(self, *args, organizations, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = organizations


class StopForm(Refusable):
    area = NamedChoice(
        Area.objects.none(),
        label=L("范围"),
        naming=lambda area: area.name,
        empty_label=None,
        error_messages={"required": L("请选择范围")},
    )
    item = NamedChoice(
        Item.objects.none(),
        label=L("兑换品"),
        required=False,
        naming=lambda item: f"{item.code} {item.name}",
        empty_label=L("全部"),
    )
    starts_on = forms.DateField(
        label=L("停止日期"),
        widget=DayInput(),
        error_messages={"required": L("请填写停止日期"), "invalid": L("日期不对，请重新选择")},
    )
    ends_on = forms.DateField(
        label=L("恢复日期"), widget=DayInput(), required=False, help_text=L("还没有定的可以留空")
    )
    reason = reason_field(label=L("原因"), help_text=L("写给居民看的"))

    def __init__(self, *args, places, items, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = places
        self.fields["item"].queryset = items
