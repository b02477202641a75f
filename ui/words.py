"""Plain words for Django's own refusals of a form.

Its catalogue says 这个字段是必填项 and 确保该变量包含不超过 40 字符: right, and hard on an old
neighbour. A form that knows better words keeps its own.
"""

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

CHOOSE = _("请选择一项。")
NO_SUCH = _("没有这个选项，请重新选择。")

WORDS = {
    forms.Field: {"required": _("请填写这一项。")},
    forms.BooleanField: {"required": _("请勾选后再继续。")},
    forms.ChoiceField: {"required": CHOOSE, "invalid_choice": NO_SUCH},
    forms.ModelChoiceField: {"required": CHOOSE, "invalid_choice": NO_SUCH},
    forms.MultipleChoiceField: {"required": _("请至少选择一项。"), "invalid_choice": NO_SUCH},
    forms.FileField: {"required": _("请选择文件。"), "empty": _("这个文件是空的，请换一个。")},
    forms.ImageField: {"invalid_image": _("这张图片打不开，请换一张。")},
    forms.IntegerField: {"invalid": _("请填写整数。")},
    forms.DateField: {"invalid": _("请填写日期，例如 2026-09-18。")},
    forms.DateTimeField: {"invalid": _("请填写日期和时间，例如 2026-09-18 14:30。")},
}


def install() -> None:
    """Called once, when the app is ready."""
    for field, words in WORDS.items():
        # Its own dictionary: a class without one would write into its parent's.
        field.default_error_messages = {**field.__dict__.get("default_error_messages", {}), **words}
    validators.MaxLengthValidator.message = ngettext_lazy(
        "最多 %(limit_value)d 个字，现在有 %(show_value)d 个。",
        "最多 %(limit_value)d 个字，现在有 %(show_value)d 个。",
        "limit_value",
    )
    validators.MinLengthValidator.message = ngettext_lazy(
        "至少写 %(limit_value)d 个字，现在有 %(show_value)d 个。",
        "至少写 %(limit_value)d 个字，现在有 %(show_value)d 个。",
        "limit_value",
    )
