"""What people fill in when they press for an issue, comment on it, or moderate comments."""

import uuid

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from grids import deidentify
from grids.models import Moderation
from orgs.uploads import read_key


class PublicWords(forms.Form):
    """A form whose ``text`` others will read: says beside the field what must come out."""

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].strip()
        if kinds := deidentify.left_in(text):
            raise forms.ValidationError(
                _("这里还有%(kinds)s，请删去后再提交") % {"kinds": "、".join(kinds)}
            )
        return text


def _words(label, most, *, rows=2, required=True, **more):
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        **more,
    )


class UrgeForm(PublicWords):
    text = _words(L("想说的话"), 200, required=False, help_text=L("会转给正在办的人，不公开"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_urge_%s", **kwargs)


class CommentForm(PublicWords):
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    text = _words(
        L("写评论"),
        500,
        min_length=2,
        rows=3,
        help_text=L("大家都看得到；不显示您的姓名。请不要写电话、门牌和他人姓名"),
        error_messages={"required": L("请写点内容"), "min_length": L("请再多写几个字")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_comment_%s", **kwargs)
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())

    def clean_key(self) -> uuid.UUID:
        return read_key(self.cleaned_data["key"]) or uuid.uuid4()


class HideForm(PublicWords):
    reason_code = forms.ChoiceField(
        label=L("屏蔽的原因"),
        choices=Moderation.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择原因")},
    )
    text = _words(L("说明"), 200, required=False, help_text=L("代替原文公开显示，作者也会看到"))

    def clean(self):
        given = super().clean()
        if (
            given.get("reason_code") == Moderation.Reason.OTHER
            and "text" not in self.errors
            and not given.get("text")
        ):
            self.add_error("text", _("选择“其他原因”时须写明"))
        return given


class ObjectForm(forms.Form):
    text = _words(
        L("您的理由"),
        200,
        min_length=4,
        rows=3,
        help_text=L("只能提出一次；由另一位工作人员裁定"),
        error_messages={"required": L("请写明为什么不应屏蔽"), "min_length": L("请再多写几个字")},
    )


class DecideForm(PublicWords):
    upheld = forms.TypedChoiceField(
        label=L("裁定"),
        choices=[("yes", L("异议成立，恢复显示")), ("no", L("异议不成立，维持屏蔽"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择裁定结果")},
    )
    text = _words(L("裁定理由"), 200, min_length=2, help_text=L("作者会看到"))


class DismissForm(forms.Form):
    reason = forms.CharField(
        label=L("不提议题的原因"),
        max_length=300,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": L("请写明为什么不提议题"), "min_length": L("请再多写几个字")},
    )
