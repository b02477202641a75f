"""What those behind a counter fill in."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as L

from exchange.models import DonorWish
from exchange.stock import MOST
from orgs import uploads
from orgs.forms import DayInput
from publicity.words import StillPrivate, refuse_private

_COUNT = {
    "required": L("请填写件数"),
    "invalid": L("请填写整数"),
    "min_value": L("至少 1 件"),
    "max_value": L("不超过 10 万件"),
}


class Refusable(forms.Form):
    """A form that can say what a verb refused."""

    def refuse(self, refused: Exception, name: str | None = None) -> None:
        self.add_error(name, str(refused))


class PictureField(forms.FileField):
    """One picture, looked through and drawn anew; an ``uploads.Ready`` or None."""

    widget = forms.FileInput

    def __init__(self, **more):
        super().__init__(required=False, **more)
        self.widget.attrs["accept"] = "image/jpeg,image/png,image/webp"

    def clean(self, value, initial=None):
        if not value:
            return None
        try:
            return uploads.read(value)
        except uploads.PhotoRefused as refused:
            raise forms.ValidationError(str(refused)) from refused


class IssueForm(Refusable):
    photo = PictureField(
        label=L("发放照片"),
        help_text=L("可以不拍。只拍物品，不拍人脸和证件；居民、兑换点和街道看得到。"),
    )


class RefuseForm(Refusable):
    OTHER = "other"
    WHY = {
        "none": L("缺货"),
        "damaged": L("包装破损"),
        "old": L("过了保质期"),
        OTHER: L("其他"),
    }
    why = forms.ChoiceField(
        label=L("为什么不能发放"),
        choices=list(WHY.items()),
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择原因"), "invalid_choice": L("请从列出的原因里选择")},
    )
    words = forms.CharField(
        label=L("说明"),
        required=False,
        max_length=100,
        help_text=L("居民会看到这个原因；选“其他”的必须写"),
    )

    def clean(self):
        given = super().clean()
        why, words = given.get("why"), given.get("words", "").strip()
        if why == self.OTHER and not words:
            self.add_error("words", L("请写明原因"))
        given["reason"] = "，".join(
            str(part) for part in (why != self.OTHER and self.WHY.get(why), words) if part
        )
        return given


class Keyed(Refusable):
    """Sent twice, it acts once."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())

    def clean_key(self):
        return str(uploads.read_key(self.cleaned_data["key"]) or uuid.uuid4())


def _count(label, *, least=1, **more) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=_COUNT | ({"min_value": L("不能是负数")} if least == 0 else {}),
        **more,
    )


def _words(label, *, required=False, **more) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=200,
        error_messages={"required": L("请写明原因")},
        **more,
    )


class ReceiveForm(Keyed):
    pieces = _count(L("进了几件"))
    reason = _words(L("说明"), help_text=L("如进货单号、供货单位"))


class DamageForm(Keyed):
    pieces = _count(L("损耗几件"))
    reason = _words(L("原因"), required=True, help_text=L("如破损、受潮、过期、丢失"))


class CountForm(Keyed):
    pieces = _count(L("数到几件"), least=0)
    reason = _words(L("差异原因"), help_text=L("与在库数不同的必须写"))


class MarkForm(Refusable):
    pieces = _count(L("低于几件提醒"), least=0)


class WishForm(Refusable):
    """How a donor wishes to be thanked. ``is_body``: of a body only a name can be shown."""

    wish = forms.ChoiceField(
        label=L("怎样公开致谢"),
        choices=DonorWish.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请按捐赠人的意愿选择")},
    )
    thanks = forms.CharField(
        label=L("感谢的话"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=L("公开致谢时用；不写电话、门牌"),
    )
    is_body, donor_name = False, ""

    def clean_thanks(self):
        words = self.cleaned_data["thanks"].strip()
        try:
            refuse_private(words)
        except StillPrivate as private:
            raise forms.ValidationError(str(private)) from private
        return words

    def clean(self):
        given = super().clean()
        if given.get("is_body", self.is_body) and given.get("wish") == DonorWish.SURNAME:
            self.add_error("wish", L("单位没有姓氏，请选公开名称或不公开"))
        name = given.get("donor_name", self.donor_name)
        if name and given.get("wish") != DonorWish.NAMED and name in given.get("thanks", ""):
            self.add_error("thanks", L("感谢的话里有捐赠人的姓名，按其意愿请去掉"))
        return given


class DonateForm(WishForm, Keyed):
    pieces = _count(L("捐了几件"))
    donor_name = forms.CharField(
        label=L("捐赠人或单位"),
        max_length=60,
        error_messages={"required": L("请填写捐赠人或单位")},
    )
    is_body = forms.BooleanField(label=L("是单位捐赠"), required=False)
    received_on = forms.DateField(
        label=L("收到日期"),
        widget=DayInput(),
        error_messages={"required": L("请选择日期"), "invalid": L("请填写正确的日期")},
    )
    field_order = ["key", "pieces", "donor_name", "is_body", "wish", "thanks", "received_on"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("received_on", timezone.localdate())

    def clean_donor_name(self):
        name = self.cleaned_data["donor_name"].strip()
        try:
            refuse_private(name)
        except StillPrivate as private:
            raise forms.ValidationError(str(private)) from private
        return name

    def clean_received_on(self):
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(L("收到日期不能晚于今天"))
        return day


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self):
        super().__init__(format="%Y-%m-%dT%H:%M")


class HandedForm(Refusable):
    """When the ticked codes were handed over on paper."""

    at = forms.DateTimeField(
        label=L("发放时间"),
        widget=MomentInput(),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text=L("在下单之后、领取期限之内；不同时间发的分几次补录"),
        error_messages={"required": L("请填写发放时间"), "invalid": L("请填写正确的日期和时间")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("at", timezone.localtime())
