"""The shape of a budget."""

from datetime import date

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.forms import DayInput, NamedChoice
from orgs.models import Area
from points import budgets
from rules.workflow import Missing

L = gettext_lazy
MOST = 100_000_000


class BudgetForm(forms.Form):
    area = NamedChoice(
        Area.objects.none(),
        label=L("社区"),
        naming=lambda area: area.name,
        empty_label=L("请选择"),
        error_messages={"required": L("请选择社区")},
    )
    points = forms.IntegerField(
        label=L("积分"),
        min_value=1,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": L("请填写多少积分"),
            "min_value": L("至少 1 分"),
            "max_value": L("数字太大了，请核对"),
        },
    )
    starts_on = forms.DateField(
        label=L("起始日期"), widget=DayInput(), error_messages={"required": L("请填写起始日期")}
    )
    ends_on = forms.DateField(
        label=L("截止日期"), widget=DayInput(), error_messages={"required": L("请填写截止日期")}
    )
    reason = forms.CharField(
        label=L("依据"),
        max_length=200,
        help_text=L("如年度预算、追加预算的文件或会议。"),
        error_messages={"required": L("请写明依据")},
    )

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = places
        year = timezone.localdate().year
        self.initial.setdefault("starts_on", date(year, 1, 1))
        self.initial.setdefault("ends_on", date(year, 12, 31))

    def clean(self):
        given = super().clean()
        starts, ends = given.get("starts_on"), given.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("截止日期不能早于起始日期"))
        elif ends and ends < timezone.localdate():
            self.add_error("ends_on", _("截止日期已过；预算只能用于今天以后"))
        return given

    def propose(self, *, by):
        given = self.cleaned_data
        return budgets.propose(
            given["area"],
            points=given["points"],
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            reason=given["reason"],
            by=by,
        )

    def refuse(self, refused: Exception) -> None:
        names = refused.fields if isinstance(refused, Missing) else {}
        for name in names:
            self.add_error(name if name in self.fields else None, str(refused))
        if not names:
            self.add_error(_FIELDS.get(type(refused)), str(refused))


_FIELDS = {budgets.NotEntitled: "area", budgets.TooMuchToReturn: "points"}


class ReturnForm(BudgetForm):
    """Which community gives back how much; ``places`` have something to give back."""

    starts_on = ends_on = None

    def __init__(self, *args, places, purses, **kwargs):
        super().__init__(*args, places=places, **kwargs)
        naming = _("%(name)s（最多可退 %(points)d 分）")
        area = self.fields["area"]
        area.label_from_instance = lambda place: (
            naming % {"name": place.name, "points": purses[place.pk].returnable}
        )
        area.error_messages["invalid_choice"] = _("这个社区现在没有可退的结余")
        self.fields["reason"].help_text = _("如年度结算的文件或会议。")

    def clean(self):
        return forms.Form.clean(self)

    def propose(self, *, by):
        given = self.cleaned_data
        return budgets.ask_return(
            given["area"], points=given["points"], reason=given["reason"], by=by
        )
