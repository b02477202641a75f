"""What is filled in about a settlement or a clearing."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as L

from orgs.forms import DayInput
from points.staff_forms import Refusable

WORDS_MOST = 300


def _words(label, missing, **more) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=WORDS_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": missing},
        **more,
    )


class Nothing(Refusable):
    """A button alone."""


class Seen(Refusable):
    """Holds of what was on the page: when something happened since, nothing does."""

    after = forms.IntegerField(required=False, widget=forms.HiddenInput())


class SendBackForm(Refusable):
    reason = _words(L("退回的原因"), L("请写明退回的原因"))


class HandInForm(Refusable):
    reason = _words(L("说明"), L("请写明改了什么"))


class MissForm(Seen):
    code = forms.CharField(
        label=L("取货码"),
        required=False,
        max_length=20,
        help_text=L("记得的话填上，便于查找"),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )
    reason = _words(L("情况"), L("请写明漏了什么"), help_text=L("哪天发的、什么东西；不写居民姓名"))


class PayForm(Refusable):
    paid_on = forms.DateField(
        label=L("付款日期"), widget=DayInput(), error_messages={"required": L("请填写付款日期")}
    )
    voucher = forms.CharField(
        label=L("凭证号"), max_length=40, error_messages={"required": L("请填写凭证号")}
    )


class CorrectForm(PayForm):
    reason = _words(L("更正的原因"), L("请写明更正的原因"))


class DisputeForm(Refusable):
    reason = _words(L("异议"), L("请写明哪里不对"), help_text=L("不写居民姓名"))


class QuestionForm(Refusable):
    reason = _words(L("疑问"), L("请写明疑问"))


class AnswerForm(Refusable):
    """How a dispute is answered; the outcome is the verb."""

    outcome = forms.ChoiceField(
        label=L("怎样处理"),
        choices=[
            ("uphold", L("计入本月")),
            ("put_off", L("转入下月")),
            ("ask_reversal", L("申请退回积分")),
        ],
        widget=forms.RadioSelect,
        help_text=L("退回给居民的，须由另一人批准"),
        error_messages={"required": L("请选择怎样处理"), "invalid_choice": L("请从列出的里选择")},
    )
    is_returned = forms.BooleanField(
        label=L("实物还在兑换点，库存加回"),
        required=False,
        help_text=L("只在退回积分时有用"),
    )
    reason = _words(L("答复"), L("请写几句答复"))


class ReversalForm(Refusable):
    outcome = forms.ChoiceField(
        label=L("意见"),
        choices=[("reverse", L("同意退回")), ("decline", L("不同意"))],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择意见"), "invalid_choice": L("请从列出的里选择")},
    )
    reason = _words(L("说明"), "", required=False, help_text=L("不同意的，请写明理由"))

    def clean(self):
        given = super().clean()
        if given.get("outcome") == "decline" and not given.get("reason", "").strip():
            self.add_error("reason", L("不同意须写明理由"))
        return given


class OmissionForm(Refusable):
    is_added = forms.BooleanField(
        label=L("查到这张兑换单，补入本月"),
        required=False,
        help_text=L("须由该商家在本月底前发放、且不在任何结算单里"),
    )
    reason = _words(L("答复"), L("请写几句答复"))


# Verb → its form, for those of a whole settlement or clearing.
OF_SETTLEMENT = {
    "confirm": Nothing,
    "miss": MissForm,
    "submit": Nothing,
    "approve": Seen,
    "send_back": SendBackForm,
    "pay": PayForm,
    "correct": CorrectForm,
}
OF_CLEARING = {"approve": Nothing, "send_back": SendBackForm, "hand_in": HandInForm}


def first_values(verb: str, settlement, *, after: int | None) -> dict:
    """What stands in a form before anybody typed. ``after``: the last step on the page."""
    if issubclass(OF_SETTLEMENT[verb], Seen):
        return {"after": after}
    if verb == "pay":
        return {"paid_on": timezone.localdate()}
    if verb == "correct":
        return {"paid_on": settlement.paid_on, "voucher": settlement.voucher}
    return {}
