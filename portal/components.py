"""``/ui/``: every component, alive, for those who build pages. Not in production."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.access import public

KINDS = [("light", _("路灯照明")), ("lift", _("电梯停运")), ("noise", _("噪声扰民"))]


class ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True


class SampleForm(forms.Form):
    """One field of every kind."""

    title = forms.CharField(
        label=_("标题"), max_length=40, help_text=_("一句话说清楚：什么事，在哪里")
    )
    kind = forms.ChoiceField(label=_("类别"), choices=[("", _("请选择")), *KINDS])
    words = forms.CharField(label=_("详细说明"), widget=forms.Textarea, required=False)
    named = forms.ChoiceField(
        label=_("对外怎样署名"),
        choices=[("named", _("公开姓氏")), ("hidden", _("不公开"))],
        widget=forms.RadioSelect,
        help_text=_("办理人员始终知道是谁反映的"),
    )
    tell = forms.MultipleChoiceField(
        label=_("怎样通知您"),
        choices=[("site", _("站内消息")), ("sms", _("短信")), ("email", _("电子邮件"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    since = forms.DateField(
        label=_("从哪天开始"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    photos = forms.FileField(
        label=_("照片"),
        required=False,
        widget=ManyFilesInput(attrs={"accept": "image/*", "multiple": True}),
        help_text=_("最多 6 张；位置信息会自动去掉"),
    )
    agree = forms.BooleanField(label=_("我已阅读并同意隐私说明"))


@public
def components(request):
    if settings.PRODUCTION:
        raise Http404
    now = timezone.now()
    wrong = SampleForm({"wrong-title": "灯" * 41, "wrong-kind": "light"}, prefix="wrong")
    wrong.add_error(None, _("同一个地点今天已有人反映，请先看看是不是同一件事。"))
    context = {
        "rate": "本周办结率 86%",
        "form": SampleForm(initial={"named": "named", "tell": ["site"]}),
        "wrong": wrong,
        "now": now,
        "yesterday": now - timedelta(days=1),
        "weeks_ago": now - timedelta(days=40),
        "years_ago": now - timedelta(days=700),
        "road": [_("受理"), _("派单"), _("办理"), _("核验"), _("办结")],
        "bars": [(12, "一"), (18, "二"), (9, "三"), (22, "四"), (31, "五"), (27, "六"), (16, "日")],
    }
    context["bars"] = [
        {"x": 24 + 42 * at, "y": 118 - 3 * n, "height": 3 * n, "value": n, "label": label}
        for at, (n, label) in enumerate(context["bars"])
    ]
    return render(request, "portal/components.html", context)
