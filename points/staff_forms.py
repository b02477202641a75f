"""What those who certify, decide and review fill in."""

from django import forms
from django.utils.translation import gettext_lazy

from points.models import RefusalCode
from rules.workflow import Missing

L = gettext_lazy
WORDS_MOST = 300


class Refusable(forms.Form):
    """A form that can show what a verb refused: beside the field it names, or on top."""

    def refuse(self, refused: Exception) -> None:
        names = getattr(refused, "fields", {}) if isinstance(refused, Missing) else {}
        for name in names:
            self.add_error(name if name in self.fields else None, str(refused))
        if not names:
            self.add_error(None, str(refused))


def _words(label, **more) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=WORDS_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": L("请写几句说明")},
        **more,
    )


class RefuseForm(Refusable):
    """Why not: a reason from the list and words for who claimed."""

    refusal_code = forms.ChoiceField(
        label=L("理由"),
        choices=[("", L("请选择")), *RefusalCode.choices],
        error_messages={"required": L("请选择理由"), "invalid_choice": L("请从列出的理由里选择")},
    )
    reason = _words(L("给申报人的说明"))


class CarryForm(Refusable):
    reason = _words(L("转入下一批的原因"))


class SignForm(Refusable):
    agrees = forms.TypedChoiceField(
        label=L("意见"),
        choices=[("1", L("同意")), ("0", L("不同意"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择同意或不同意")},
    )
    opinion = forms.CharField(
        label=L("说明"),
        max_length=WORDS_MOST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("不同意的，请写明哪几项、为什么"),
    )

    def clean(self):
        given = super().clean()
        if given.get("agrees") is False and not given.get("opinion", "").strip():
            self.add_error("opinion", L("不同意须写明意见"))
        return given


class SendBackForm(Refusable):
    reason = _words(L("退回的原因"))


class CorrectForm(Refusable):
    """After an objection: fewer points, or none with a reason."""

    outcome = forms.ChoiceField(
        label=L("怎样更正"),
        choices=[("points", L("减少积分")), ("refuse", L("不予积分"))],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择怎样更正")},
    )
    points = forms.IntegerField(
        label=L("更正后的积分"),
        required=False,
        help_text=L("选“减少积分”时必填，须少于现在的积分"),
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": L("请填整数"), "min_value": L("不少于 1 分")},
    )
    refusal_code = forms.ChoiceField(
        label=L("不予积分的理由"),
        required=False,
        help_text=L("选“不予积分”时必填"),
        choices=[("", L("请选择")), *RefusalCode.choices],
    )
    reason = _words(L("给申报人的说明"))

    def clean(self):
        given = super().clean()
        match given.get("outcome"):
            case "points" if given.get("points") is None and "points" not in self.errors:
                self.add_error("points", L("请填更正后的积分"))
            case "refuse" if not given.get("refusal_code"):
                self.add_error("refusal_code", L("请选择理由"))
        return given
