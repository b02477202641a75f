"""The shape of what staff type on the pages of dispatch: table, duty list, roster, templates."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import replies, responsibilities
from grids.models import Category, DutyItem, ReplyTemplate
from orgs import access
from orgs.models import Area, AreaLevel, Organization
from orgs.models import OrganizationKind as Kind

L = gettext_lazy
PLACE_LEVELS = (AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY)
MOST_PLACES = 400
FOLLOW = "follow"


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


def places_of(paths, *, down_to_grids: bool = True) -> list[Area]:
    """Open places under ``paths``, down to the grid where that stays a list one can read."""
    found = []
    for path in paths:
        below = Area.objects.open().filter(path__startswith=path)
        coarse = below.filter(level__in=PLACE_LEVELS)
        with_grids = below.filter(level__in=[*PLACE_LEVELS, AreaLevel.GRID])
        if down_to_grids and with_grids.count() <= MOST_PLACES:
            found += with_grids
        else:
            found += coarse[:MOST_PLACES]
    return found


def indented(places: list[Area]) -> list[tuple[str, str]]:
    """(code, name), each set in below the place that contains it."""
    top = min((area.depth for area in places), default=0)
    return [(area.code, "　" * (area.depth - top) + area.name) for area in places]


class ResponsibilityForm(forms.Form):
    """One row of the table. ``row`` is the one to be changed: its category and place stay."""

    category = forms.ModelChoiceField(
        Category.objects.filter(is_active=True),
        label=L("类别"),
        empty_label=L("请选择"),
        to_field_name="code",
        error_messages={"required": L("请选择类别")},
    )
    area = forms.ChoiceField(
        label=L("地点"),
        help_text=L("越具体的地点越优先"),
        error_messages={
            "required": L("请选择地点"),
            "invalid_choice": L("这个地点不在您可以维护的范围内"),
        },
    )
    lead = forms.ChoiceField(
        label=L("由谁承办"),
        help_text=L("选类型时，由离事项最近的一家承办"),
        error_messages={
            "required": L("请选择由谁承办"),
            "invalid_choice": L("请从列出的单位和类型里选择"),
        },
    )
    assists = forms.MultipleChoiceField(
        label=L("协办单位"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": L("请从列出的单位里选择")},
    )
    effective_from = forms.DateField(
        label=L("施行日期"), widget=DayInput(), error_messages={"required": L("请填写施行日期")}
    )
    basis = forms.CharField(
        label=L("依据"),
        max_length=120,
        help_text=L("例如文件、会议或约定，写进变更记录"),
        error_messages={"required": L("请写明依据")},
    )

    def __init__(self, *args, paths, row=None, place=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.row = row
        places = places_of(paths)
        if place is not None and place.pk not in {area.pk for area in places}:
            places.append(place)
        self.areas = {area.code: area for area in places}
        self.fields["area"].choices = [("", _("请选择")), *indented(places)]
        self.directory = responsibilities.Directory(
            responsibilities.LEADING_KINDS, {area.path for area in places} or set(paths)
        )
        self.bodies = {
            str(pk): body
            for pk, body in sorted(
                self.directory.bodies.items(), key=lambda pair: (pair[1].kind, pair[1].name)
            )
        }
        kinds = [(f"kind:{kind}", Kind(kind).label) for kind in responsibilities.LEADING_KINDS]
        names = [(pk, body.name) for pk, body in self.bodies.items()]
        self.fields["lead"].choices = [
            ("", _("请选择")),
            (_("按类型"), kinds),
            (_("指定单位"), names),
        ]
        self.fields["assists"].choices = names
        self.initial.setdefault("effective_from", timezone.localdate())
        if row is not None:
            del self.fields["category"], self.fields["area"]
            self.initial.setdefault(
                "lead", str(row.organization_id) if row.organization_id else f"kind:{row.kind}"
            )
            self.initial.setdefault("assists", [str(body.pk) for body in row.assists.all()])

    def clean_area(self):
        return self.areas[self.cleaned_data["area"]]

    def clean_assists(self):
        return [self.bodies[pk] for pk in self.cleaned_data["assists"]]

    def clean_effective_from(self):
        day = self.cleaned_data["effective_from"]
        if day < timezone.localdate():
            raise forms.ValidationError(_("施行日期不能早于今天"))
        return day

    def clean(self):
        given = super().clean()
        lead, area = given.get("lead"), given.get("area") or (self.row and self.row.area)
        if not lead or area is None:
            return given
        given["kind"] = lead.removeprefix("kind:") if lead.startswith("kind:") else ""
        given["organization"] = body = None if given["kind"] else self.bodies[lead]
        if body is not None and not self._serves(body, area):
            text = _("%(body)s不服务%(area)s全境，请把地点选在它服务的范围内")
            self.add_error("lead", text % {"body": body.name, "area": area.name})
        return given

    def _serves(self, body: Organization, area: Area) -> bool:
        return body.pk in self.directory.serving(area.path)

    @property
    def given(self) -> dict:
        """What ``responsibilities.write`` needs."""
        data = self.cleaned_data
        return {
            "category": self.row.category if self.row else data["category"],
            "area": self.row.area if self.row else data["area"],
            "organization": data["organization"],
            "kind": data["kind"],
            "assists": data["assists"],
            "effective_from": data["effective_from"],
            "basis": data["basis"],
        }


class EndRowForm(forms.Form):
    effective_to = forms.DateField(
        label=L("从哪天起停止"),
        widget=DayInput(),
        help_text=L("从这一天起按上一级地点的规定派单"),
        error_messages={"required": L("请填写日期")},
    )
    reason = forms.CharField(
        label=L("停止原因"), max_length=120, error_messages={"required": L("请写明原因")}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_end_%s", **kwargs)
        self.initial.setdefault("effective_to", timezone.localdate())


class TableFilter(forms.Form):
    """What the list shows; what makes no sense is left out."""

    category = forms.ModelChoiceField(
        Category.objects.all(),
        label=L("类别"),
        required=False,
        to_field_name="code",
        empty_label=L("全部类别"),
    )
    area = forms.ChoiceField(label=L("地点"), required=False)
    over = forms.BooleanField(label=L("也看已停止的"), required=False)

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.areas = {area.code: area for area in places}
        self.fields["area"].choices = [("", _("全部地点")), *indented(places)]

    @property
    def asked(self) -> dict:
        self.is_valid()
        given = self.cleaned_data
        return {
            "category": given.get("category"),
            "area": self.areas.get(given.get("area") or ""),
            "over": bool(given.get("over")),
        }


class DutyForm(forms.Form):
    """The duty list of one place: a role per category, or what the place above says."""

    reason = forms.CharField(
        label=L("修改依据"),
        max_length=120,
        help_text=L("例如清单文号或会议，写进变更记录"),
        error_messages={"required": L("请写明依据")},
    )

    def __init__(self, *args, area: Area, **kwargs):
        super().__init__(*args, **kwargs)
        self.categories = list(Category.objects.filter(is_active=True))
        own = dict(DutyItem.objects.filter(area=area).values_list("category", "role"))
        parent = area.path[: -Area.steplen]
        above = responsibilities.Duties([one.pk for one in self.categories], [parent])
        for category in self.categories:
            follows = DutyItem.Role(above.role(category.pk, parent)).label
            self.fields[f"role_{category.code}"] = forms.ChoiceField(
                label=category.name,
                choices=[
                    (FOLLOW, _("沿用上级（%(role)s）") % {"role": follows}),
                    *DutyItem.Role.choices,
                ],
                initial=own.get(category.pk, FOLLOW),
                error_messages={"invalid_choice": L("请从列出的四项里选择")},
            )

    @property
    def rows(self):
        return [self[f"role_{category.code}"] for category in self.categories]

    @property
    def roles(self) -> dict[Category, str]:
        given = self.cleaned_data
        return {
            category: "" if (role := given[f"role_{category.code}"]) == FOLLOW else role
            for category in self.categories
        }


class TemplateForm(forms.ModelForm):
    """Words for a verb; ``places`` are those the person may write for."""

    area = forms.ChoiceField(
        label=L("适用地区"),
        error_messages={
            "required": L("请选择适用地区"),
            "invalid_choice": L("这个地方不在您可以维护的范围内"),
        },
    )
    verb = forms.ChoiceField(
        label=L("用于"),
        error_messages={
            "required": L("请选择用于哪一步"),
            "invalid_choice": L("请从列出的步骤里选择"),
        },
    )

    class Meta:
        model = ReplyTemplate
        fields = ["area", "verb", "category", "title", "text", "is_active"]
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}
        error_messages = {
            "title": {"required": L("请写一个名称，插入时按它选择")},
            "text": {"required": L("请写内容")},
        }
        help_texts = {
            "text": L("可以用 {编号} {地点} {承办单位} {承诺时间}，插入时自动换成这件事项的内容"),
            "category": L("不选就用于全部类别"),
            "is_active": L("不勾选则保留但不再提供"),
        }

    def __init__(self, *args, places, verbs, **kwargs):
        instance = kwargs.get("instance")
        if instance is not None:
            kwargs["initial"] = {"area": instance.area.code, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.areas = {area.code: area for area in places}
        self.fields["area"].choices = indented(places)
        self.fields["verb"].choices = [("", _("请选择")), *verbs]
        self.fields["category"].queryset = Category.objects.filter(is_active=True)
        self.fields["category"].empty_label = _("全部类别")
        self.fields["category"].to_field_name = "code"
        if instance is not None and instance.category_id:
            self.initial["category"] = instance.category.code

    def clean_area(self):
        return self.areas[self.cleaned_data["area"]]

    def clean_text(self):
        text = self.cleaned_data["text"]
        if unknown := replies.unknown_in(text):
            raise forms.ValidationError(
                _("没有这样的占位：%(names)s；可以用 {编号} {地点} {承办单位} {承诺时间}")
                % {"names": "、".join(f"{{{name}}}" for name in unknown)}
            )
        return text


def scope_paths(person, *permissions: str) -> tuple[str, ...]:
    """The outermost places over which ``person`` holds one of ``permissions``."""
    rights = access.rights_of(person)
    paths = sorted({path for right in permissions for path in rights.area_paths(right)})
    outer: list[str] = []
    for path in paths:
        if not outer or not path.startswith(outer[-1]):
            outer.append(path)
    return tuple(outer)
