"""What those behind a counter fill in."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as L

from exchange.stock import MOST
from orgs import uploads

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
