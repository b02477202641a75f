"""The shape of what people type on the pages of the spine; what it means is for the verbs."""

import re

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs import sites
from orgs.models import Area, AreaLevel, Household, Organization, OrganizationKind, Residence
from orgs.models.sites import SHEET_METRES
from orgs.positions import Position

REASON_MAX = 200


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


def reason_field(label="", help_text=""):
    return forms.CharField(
        label=label or _("依据或原因"),
        help_text=help_text or _("写进变更记录，例如会议、文件或申请"),
        max_length=REASON_MAX,
        error_messages={"required": _("请写明原因")},
    )


def office_phone_field():
    return forms.CharField(
        label=_("公开电话"),
        max_length=20,
        required=False,
        help_text=_("办公电话，对外公开；不要填写个人手机号"),
    )


class ReasonForm(forms.Form):
    reason = reason_field()


class NamedChoice(forms.ModelChoiceField):
    """Rows by name; ``label`` tells how."""

    def __init__(self, *args, naming=str, **kwargs):
        self._naming = naming
        super().__init__(*args, **kwargs)

    def label_from_instance(self, obj):
        return self._naming(obj)


class NamedChoices(forms.ModelMultipleChoiceField):
    def __init__(self, *args, naming=str, **kwargs):
        self._naming = naming
        super().__init__(*args, **kwargs)

    def label_from_instance(self, obj):
        return self._naming(obj)


def _role(label, required="", *, empty_label="", help_text=""):
    """A body in a linkage; ``required``: what to say when there is none."""
    return NamedChoice(
        Organization.objects.none(),
        label=label,
        required=bool(required),
        empty_label=empty_label or _("请选择"),
        help_text=help_text,
        error_messages={
            "required": required,
            "invalid_choice": _("这个组织不在本社区，也不服务本社区，请重新选择"),
        },
    )


# --- residence -------------------------------------------------------------------------------


class ResidenceForm(forms.Form):
    """The last step: which door, and as what."""

    household = NamedChoice(
        Household.objects.none(),
        label=_("房号"),
        naming=lambda household: f"{household.room}室",
        empty_label=_("请选择"),
        error_messages={
            "required": _("请选择房号"),
            "invalid_choice": _("这个单元没有这一户，请重新选择"),
        },
    )
    kind = forms.ChoiceField(
        label=_("您是这一户的"), choices=Residence.Kind.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args, households, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["household"].queryset = households


class RefusalForm(forms.Form):
    reason = reason_field(label=_("未通过的原因"), help_text=_("居民会看到这段话"))


class EndResidenceForm(forms.Form):
    on = forms.DateField(label=_("迁出日期"), widget=DayInput(), initial=timezone.localdate)
    reason = reason_field(label=_("原因"), help_text=_("例如搬家、房屋出售"))


# --- reveal ----------------------------------------------------------------------------------


class RevealForm(forms.Form):
    reason = forms.CharField(
        label=_("查看原因"),
        help_text=_("会连同您的姓名和时间记入日志，供审计"),
        max_length=REASON_MAX,
        error_messages={"required": _("请写明查看原因")},
    )


# --- posts -----------------------------------------------------------------------------------


class AppointForm(forms.Form):
    position = forms.ChoiceField(label=_("职务"))
    area = NamedChoice(
        Area.objects.none(),
        label=_("负责区域"),
        required=False,
        empty_label=_("组织的全部管辖区域"),
        help_text=_("网格员选网格，楼栋长选楼栋"),
        error_messages={"invalid_choice": _("不在这个组织的管辖或服务区域内")},
    )
    starts_on = forms.DateField(label=_("任职日期"), widget=DayInput(), initial=timezone.localdate)
    ends_on = forms.DateField(
        label=_("离任日期"),
        widget=DayInput(),
        required=False,
        help_text=_("任期届满的日子，到期权限自动停止；不填则长期有效"),
    )
    reason = reason_field(label=_("任职依据"))

    def __init__(self, *args, positions, areas, **kwargs):
        super().__init__(*args, **kwargs)
        ordered = [position for position in Position if position in positions]
        self.fields["position"].choices = [
            ("", _("请选择")),
            *((position.value, position.label) for position in ordered),
        ]
        field = self.fields["area"]
        field.queryset = areas
        field._naming = _place_in_words


def _place_in_words(area: Area) -> str:
    """Buildings of different grids bear the same names: say which grid."""
    if area.level == AreaLevel.BUILDING:
        return f"　{area.name}"
    return area.name


class RelieveForm(forms.Form):
    on = forms.DateField(
        label=_("离任日期"),
        widget=DayInput(),
        initial=timezone.localdate,
        help_text=_("从这一天起不再任职，权限同时停止"),
    )
    reason = reason_field(label=_("离任原因"))


# --- organizations ---------------------------------------------------------------------------


class ContactDataForm(forms.Form):
    """What everybody may read about a body; not its place in the chain."""

    NAMES = (
        "name",
        "contact_phone",
        "address",
        "introduction",
        "term_starts_on",
        "term_ends_on",
    )

    name = forms.CharField(label=_("名称"), max_length=80)
    contact_phone = office_phone_field()
    address = forms.CharField(label=_("办公地点"), max_length=120, required=False)
    introduction = forms.CharField(
        label=_("简介"), max_length=2000, required=False, widget=forms.Textarea
    )
    term_starts_on = forms.DateField(label=_("本届起始"), widget=DayInput(), required=False)
    term_ends_on = forms.DateField(label=_("本届届满"), widget=DayInput(), required=False)
    reason = reason_field()

    def clean(self):
        data = super().clean()
        starts, ends = data.get("term_starts_on"), data.get("term_ends_on")
        if starts and ends and ends <= starts:
            self.add_error("term_ends_on", _("届满日期须晚于起始日期"))
        return data


class StartFoundingForm(forms.Form):
    """What kind of body, and where: all else depends on it."""

    kind = forms.ChoiceField(
        label=_("类型"), choices=[("", _("请选择")), *OrganizationKind.choices]
    )
    area = forms.ModelChoiceField(
        Area.objects.none(),
        label=_("所在区域的代码"),
        to_field_name="code",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=_("在“组织链”里打开那个地方，代码写在标题下面"),
        error_messages={"invalid_choice": _("没有这个代码，或不在您的管辖范围内")},
    )

    def __init__(self, *args, areas, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = areas


class FoundForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=80)
    superior = NamedChoice(
        Organization.objects.none(),
        label=_("上级组织"),
        required=False,
        empty_label=_("没有上级组织"),
    )
    host = NamedChoice(
        Organization.objects.none(),
        label=_("所在单位"),
        empty_label=_("请选择"),
        help_text=_("横向党小组设在物业企业、社会组织等单位里"),
    )
    household = NamedChoice(
        Household.objects.none(), label=_("中心户所在户"), empty_label=_("请选择")
    )
    contact_phone = office_phone_field()
    address = forms.CharField(label=_("办公地点"), max_length=120, required=False)
    founded_on = forms.DateField(label=_("成立日期"), widget=DayInput(), initial=timezone.localdate)
    reason = reason_field()

    def __init__(self, *args, superiors, hosts, households, needs_superior, **kwargs):
        super().__init__(*args, **kwargs)
        for name, rows in (("superior", superiors), ("host", hosts), ("household", households)):
            if rows is None or not (rows.exists() or (name == "superior" and needs_superior)):
                del self.fields[name]
            else:
                self.fields[name].queryset = rows
        if "superior" in self.fields and needs_superior:
            _needed(self.fields["superior"])


class MoveForm(forms.Form):
    superior = NamedChoice(
        Organization.objects.none(),
        label=_("新的上级组织"),
        required=False,
        empty_label=_("没有上级组织"),
    )
    reason = reason_field()

    def __init__(self, *args, superiors, needs_superior, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["superior"].queryset = superiors
        if needs_superior:
            _needed(self.fields["superior"])


class CloseForm(forms.Form):
    """Closing a body that has members: without a Party body above, say where they go."""

    members_to = NamedChoice(
        Organization.objects.none(),
        label=_("党员关系转到"),
        help_text=_("本社区和上级的党组织，须在您的管辖范围内"),
        error_messages={
            "required": _("请指定接收党员关系的党组织"),
            "invalid_choice": _("这个组织不能接收党员关系，请重新选择"),
        },
    )
    reason = reason_field()

    def __init__(self, *args, heir, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["members_to"]
        field.queryset = bodies
        field.empty_label = _("请选择")
        if heir is not None:
            field.required = field.widget.is_required = False
            field.empty_label = _("上级党组织：%(name)s") % {"name": heir.name}


class ServeForm(forms.Form):
    """Places near are ticked off; those further away come by their codes."""

    LEVELS = (AreaLevel.COMMUNITY, AreaLevel.GRID, AreaLevel.BUILDING)
    MOST_CODES = 50

    areas = NamedChoices(
        Area.objects.none(),
        label=_("服务区域"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("有一处不在您的管辖范围内，请重新选择")},
    )
    codes = forms.CharField(
        label=_("其他地方的区划代码"),
        required=False,
        max_length=1000,
        help_text=_("社区、网格或楼栋的代码，写在“组织链”里各处的标题下面；多个代码用空格隔开"),
    )
    reason = reason_field(help_text=_("写进变更记录，例如物业服务合同"))

    def __init__(self, *args, areas, others, **kwargs):
        super().__init__(*args, **kwargs)
        self._others = others
        field = self.fields["areas"]
        field.queryset = areas
        surroundings = _surroundings(areas)
        field._naming = lambda area: surroundings[area.path[: -Area.steplen]] + area.name

    def clean_codes(self):
        codes = set(re.split(r"[\s,，、;；]+", self.cleaned_data["codes"].strip())) - {""}
        if len(codes) > self.MOST_CODES:
            raise forms.ValidationError(_("一次最多填写 %d 个代码") % self.MOST_CODES)
        found = {area.code: area for area in self._others.filter(code__in=codes)}
        if unknown := sorted(codes - set(found)):
            text = _("没有这个代码，或不在您的管辖范围内：%(codes)s")
            raise forms.ValidationError(text % {"codes": "、".join(unknown[:5])})
        return list(found.values())


def _surroundings(areas) -> dict[str, str]:
    """Path → its name from the community down, for all that the areas lie in; two queries."""
    parents = {area.path[: -Area.steplen] for area in areas}
    paths = {
        parent[:end]
        for parent in parents
        for end in range(Area.steplen, len(parent) + 1, Area.steplen)
    }
    named = Area.objects.filter(path__in=paths, level__in=[AreaLevel.COMMUNITY, AreaLevel.GRID])
    rows = list(named.values_list("path", "name"))  # outermost first
    return {
        parent: "".join(name for path, name in rows if parent.startswith(path))
        for parent in parents
    }


class LinkageForm(forms.Form):
    """Who stands together for one compound."""

    name = forms.CharField(label=_("小区名称"), max_length=60)
    grids = NamedChoices(
        Area.objects.none(),
        label=_("所在网格"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("请选择小区所在网格"),
            "invalid_choice": _("有一个网格不在这个社区，请重新选择"),
        },
    )
    party_branch = _role(_("党支部"), _("请选择党支部"), help_text=_("由它牵头"))
    residents_committee = _role(_("居委会"), _("请选择居委会"))
    owners_body = _role(_("业委会或物管会"), empty_label=_("尚未成立"))
    property_company = _role(
        _("物业服务企业"),
        empty_label=_("没有物业服务企业"),
        help_text=_("设在本社区或上级区域，或已服务本社区的企业"),
    )
    note = forms.CharField(label=_("说明"), max_length=120, required=False)
    reason = reason_field()

    def __init__(self, *args, grids, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["grids"].queryset = grids
        for role, rows in bodies.items():
            self.fields[role].queryset = rows


def _needed(field) -> None:
    field.required = field.widget.is_required = True
    field.empty_label = _("请选择")
    field.error_messages["required"] = _("这类组织须有上级组织")


class OrganizationFilter(forms.Form):
    kind = forms.ChoiceField(
        label=_("类型"), choices=[("", _("全部类型")), *OrganizationKind.choices], required=False
    )
    area = forms.CharField(
        label=_("区划代码"),
        max_length=18,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    q = forms.CharField(label=_("名称"), max_length=40, required=False)
    state = forms.ChoiceField(
        label=_("状态"),
        choices=[("", _("现有")), ("closed", _("已撤销"))],
        required=False,
    )


# --- places ----------------------------------------------------------------------------------


class NewAreaForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=80)
    code = forms.CharField(
        label=_("区划代码"),
        max_length=18,
        required=False,
        help_text=_("不填则自动取下一个"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    reason = reason_field()


class RenameForm(forms.Form):
    name = forms.CharField(label=_("新名称"), max_length=80)
    reason = reason_field()


class MoveAreaForm(forms.Form):
    parent = NamedChoice(Area.objects.none(), label=_("新的上级区域"), empty_label=_("请选择"))
    reason = reason_field()

    def __init__(self, *args, parents, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = parents


# --- where buildings stand ---------------------------------------------------------------------


class SitesForm(forms.Form):
    """Two numbers for each building of a grid; both empty: not placed."""

    def __init__(self, *args, buildings, standing, **kwargs):
        super().__init__(*args, **kwargs)
        self.buildings = buildings
        for area in buildings:
            site = standing.get(area.pk)
            for axis, label in (("x", _("向东（米）")), ("y", _("向南（米）"))):
                self.fields[f"{axis}{area.pk}"] = forms.IntegerField(
                    label=f"{area.name} {label}",
                    required=False,
                    min_value=0,
                    max_value=SHEET_METRES,
                    initial=getattr(site, f"{axis}_metres", None),
                    widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                )

    def rows(self):
        return [(area, self[f"x{area.pk}"], self[f"y{area.pk}"]) for area in self.buildings]

    def clean(self):
        data = super().clean()
        for area in self.buildings:
            x, y = f"x{area.pk}", f"y{area.pk}"
            if (data.get(x) is None) != (data.get(y) is None) and not {x, y} & set(self.errors):
                self.add_error(x if data.get(x) is None else y, _("两个数字要一起填"))
        return data

    def positions(self):
        found = {}
        for area in self.buildings:
            x, y = (self.cleaned_data[f"{axis}{area.pk}"] for axis in "xy")
            found[area] = None if x is None else (x, y)
        return found


class ClickForm(forms.Form):
    """A building, and a click on the sheet that was shown (whose frame comes along)."""

    building = forms.ChoiceField(label=_("哪一栋"), error_messages={"required": _("请选择楼栋")})
    left = forms.IntegerField(min_value=0, max_value=SHEET_METRES, widget=forms.HiddenInput)
    top = forms.IntegerField(min_value=0, max_value=SHEET_METRES, widget=forms.HiddenInput)
    side = forms.IntegerField(min_value=1, max_value=SHEET_METRES, widget=forms.HiddenInput)

    def __init__(self, *args, buildings, **kwargs):
        super().__init__(*args, **kwargs)
        self._buildings = {str(area.pk): area for area in buildings}
        self.fields["building"].choices = [
            ("", _("请选择楼栋")),
            *((pk, area.name) for pk, area in self._buildings.items()),
        ]

    def clean(self):
        data = super().clean()
        at = [self.data.get(f"at.{axis}", "") for axis in "xy"]
        # A keyboard "clicks" at 0,0: the numbers below are the way for it.
        is_click = all(text.isascii() and text.isdigit() and len(text) < 6 for text in at)
        if not is_click or set(at) == {"0"}:
            self.add_error(None, _("请在图上点一下楼栋的位置；用键盘时请填下面的数字"))
        else:
            data["at"] = tuple(int(text) for text in at)
        return data

    def positions(self):
        data = self.cleaned_data
        frame = data["left"], data["top"], data["side"]
        x, y = sites.metres_of(data["at"], frame)
        return {self._buildings[data["building"]]: (min(x, SHEET_METRES), min(y, SHEET_METRES))}
