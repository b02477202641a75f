"""The shape of what staff fill in for partners, files and exports."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.hotline import addresses, exporting, mapping, reading
from grids.models import Category, Partner, State
from orgs.models import Area

L = gettext_lazy


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


# --- partners ------------------------------------------------------------------------------------


class PartnerForm(forms.Form):
    """``areas``: places the person may speak for. The code and the place stay as first given."""

    name = forms.CharField(
        label=L("名称"),
        max_length=30,
        help_text=L("例如：市 12345 热线、区政务平台"),
        error_messages={"required": L("请填写名称")},
    )
    code = forms.SlugField(
        label=L("代码"),
        max_length=30,
        help_text=L("小写字母、数字和短横线；出现在推送地址里，建立后不能改"),
        error_messages={
            "required": L("请填写代码"),
            "invalid": L("代码只能用字母、数字和短横线"),
        },
    )
    area = forms.ModelChoiceField(
        Area.objects.none(),
        label=L("负责的地区"),
        empty_label=None,
        help_text=L("这家单位的工单须落在这个地区之内"),
    )
    callback_url = forms.CharField(
        label=L("回传地址"),
        max_length=300,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=L("事项每次变化都签名后发到这里；留空则不回传"),
    )
    categories = forms.CharField(
        label=L("类别对照"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=L("每行一条：对方类别 = 本平台类别，例如：010203 = 物业维修"),
    )
    other_category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label=L("对照表以外的类别归入"),
        required=False,
        empty_label=L("不接收，作为错误告诉对方"),
    )
    is_active = forms.BooleanField(
        label=L("使用中"), required=False, initial=True, help_text=L("停用后不收推送，也不回传")
    )

    def __init__(self, *args, areas, partner: Partner | None = None, **kwargs):
        self.partner = partner
        if partner is not None:
            kwargs["initial"] = self._initial(partner)
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = areas
        if partner is not None:
            del self.fields["code"], self.fields["area"]
        for state in State:
            self.fields[f"state_{state.value}"] = forms.CharField(
                label=state.label, max_length=40, required=False
            )

    @staticmethod
    def _initial(partner: Partner) -> dict:
        names = dict(Category.objects.values_list("code", "name"))
        lines = [
            f"{theirs} = {names.get(ours, ours)}" for theirs, ours in partner.categories.items()
        ]
        return {
            "name": partner.name,
            "callback_url": partner.callback_url,
            "categories": "\n".join(lines),
            "other_category": partner.other_category_id,
            "is_active": partner.is_active,
            **{f"state_{state}": word for state, word in partner.states.items()},
        }

    @property
    def about(self):
        return [self[name] for name in self.fields if not name.startswith("state_")]

    @property
    def words(self):
        """Our states, each with the partner's word for it."""
        return [self[name] for name in self.fields if name.startswith("state_")]

    def clean_code(self):
        code = self.cleaned_data["code"].lower()
        if Partner.objects.filter(code=code).exists():
            raise forms.ValidationError(_("已有对接单位使用代码 %(code)s") % {"code": code})
        return code

    def clean_callback_url(self):
        url = self.cleaned_data["callback_url"].strip()
        if url:
            try:
                addresses.check(url)
            except addresses.BadAddress as refused:
                raise forms.ValidationError(str(refused)) from refused
        return url

    def clean_categories(self):
        active = Category.objects.filter(is_active=True)
        ours = {category.name: category.code for category in active}
        ours |= {code: code for code in ours.values()}
        pairs, wrong = {}, []
        for number, line in enumerate(self.cleaned_data["categories"].splitlines(), 1):
            if not line.strip():
                continue
            theirs, equals, name = (part.strip() for part in line.replace("＝", "=").partition("="))
            if not (theirs and equals and name):
                wrong.append(_("第 %(line)d 行须写作：对方类别 = 本平台类别") % {"line": number})
            elif name not in ours:
                text = _("第 %(line)d 行：本平台没有类别“%(name)s”")
                wrong.append(text % {"line": number, "name": name[:30]})
            elif theirs in pairs:
                text = _("第 %(line)d 行：“%(theirs)s”前面已经写过")
                wrong.append(text % {"line": number, "theirs": theirs[:30]})
            else:
                pairs[theirs] = ours[name]
        if wrong:
            raise forms.ValidationError(wrong)
        return pairs

    @property
    def given(self) -> dict:
        """What goes to ``partners.found`` or ``partners.amend``."""
        said = {
            name: value
            for name, value in self.cleaned_data.items()
            if not name.startswith("state_")
        }
        said["states"] = {
            state.value: word
            for state in State
            if (word := self.cleaned_data.get(f"state_{state.value}", "").strip())
        }
        return said


# --- files ---------------------------------------------------------------------------------------


class UploadForm(forms.Form):
    partner = forms.ModelChoiceField(
        Partner.objects.none(),
        label=L("工单来自"),
        empty_label=None,
        error_messages={"required": L("请选择工单来自哪家单位")},
    )
    file = forms.FileField(
        label=L("文件"),
        help_text=L("CSV（UTF-8 或 GB18030）或 JSON，一次最多 5 MB、5000 行"),
        widget=forms.FileInput(attrs={"accept": ".csv,.json,.txt"}),
        error_messages={
            "required": L("请选择文件"),
            "empty": L("文件是空的"),
            "missing": L("请选择文件"),
        },
    )

    def __init__(self, *args, partners, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = partners

    def clean_file(self):
        upload = self.cleaned_data["file"]
        if upload.size > reading.MOST_BYTES:  # not even read
            raise forms.ValidationError(str(reading.TooBig(upload.size)))
        return upload


class ColumnsForm(forms.Form):
    """Which of the file's columns is what."""

    def __init__(self, *args, headers: list[str], columns: dict[str, str], **kwargs):
        kwargs["initial"] = {**columns, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        choices = [("", _("（没有这一列）")), *((name, name) for name in headers)]
        for column in mapping.COLUMNS:
            self.fields[column.name] = forms.ChoiceField(
                label=column.label,
                choices=choices,
                required=column.required,
                error_messages={
                    "required": _("请选择哪一列是“%(label)s”") % {"label": column.label}
                },
            )

    def clean(self):
        given = super().clean()
        taken: dict[str, str] = {}
        for name, header in list(given.items()):
            if header and header in taken:
                label = mapping.BY_NAME[taken[header]].label
                self.add_error(name, _("这一列已经用作“%(label)s”") % {"label": label})
            elif header:
                taken[header] = name
        return given


class UndoForm(forms.Form):
    reason = forms.CharField(
        label=L("撤销原因"),
        max_length=150,
        min_length=4,
        help_text=L("写进每件事项的办理过程"),
        error_messages={
            "required": L("请写明为什么撤销"),
            "min_length": L("请写明原因，不少于 4 个字"),
        },
    )


# --- orders --------------------------------------------------------------------------------------


class OrdersFilter(forms.Form):
    """The filters of the list and of the export."""

    partner = forms.ModelChoiceField(
        Partner.objects.none(), label=L("来源单位"), required=False, empty_label=L("全部单位")
    )
    state = forms.ChoiceField(
        label=L("状态"), required=False, choices=[("", L("全部状态")), *State.choices]
    )
    since = forms.DateField(
        label=L("接收日期从"),
        required=False,
        widget=DateInput(),
        error_messages={"invalid": L("日期须写作 2026-11-01")},
    )
    until = forms.DateField(
        label=L("到"),
        required=False,
        widget=DateInput(),
        error_messages={"invalid": L("日期须写作 2026-11-30")},
    )

    def __init__(self, *args, partners, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = partners

    def clean(self):
        given = super().clean()
        if given.get("since") and given.get("until") and given["until"] < given["since"]:
            self.add_error("until", _("结束日期早于开始日期"))
        return given

    @property
    def filters(self) -> exporting.Filters:
        given = self.cleaned_data
        return exporting.Filters(
            state=given.get("state") or "",
            partner=given.get("partner"),
            since=given.get("since"),
            until=given.get("until"),
        )


class RevealForm(forms.Form):
    reason = forms.CharField(
        label=L("查看原因"),
        max_length=200,
        help_text=L("会连同您的姓名和时间记入日志，供审计"),
        error_messages={"required": L("请写明查看原因")},
    )
