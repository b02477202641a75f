"""Points moved within a household, and households merged or split by who works the place."""

import uuid

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from orgs.models import Area, Household
from orgs.uploads import read_key
from points.households import Kind

MOST = 1_000_000
_POINTS = {
    "required": L("请填写积分"),
    "invalid": L("请填写整数"),
    "min_value": L("至少 1 分"),
}


class Keyed(forms.Form):
    """Sent twice, it acts once."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())

    def clean_key(self):
        return read_key(self.cleaned_data["key"]) or uuid.uuid4()


class ShareForm(Keyed):
    source = forms.ChoiceField(label=L("从哪里转出"))
    target = forms.ChoiceField(label=L("转给谁"))
    points = forms.IntegerField(
        label=L("转多少分"),
        min_value=1,
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages=_POINTS,
    )

    def __init__(self, *args, sources, targets, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = sources
        self.fields["target"].choices = targets

    def clean(self):
        given = super().clean()
        if given.get("source") and given.get("source") == given.get("target"):
            self.add_error("target", _("转出和转入不能是同一个账户"))
        return given


class MoveForm(Keyed):
    """Two doors of the worker's buildings, and what happens between them."""

    kind = forms.ChoiceField(
        label=L("办理什么"),
        choices=[
            (Kind.MERGE, L("合并：全部转入另一户")),
            (Kind.SPLIT, L("拆分：一部分转给搬出的一户")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择合并或拆分")},
    )
    source_building = forms.ModelChoiceField(Area.objects.none(), label=L("转出的一户：楼栋"))
    source_stairwell = forms.CharField(label=L("单元"), max_length=10)
    source_room = forms.CharField(label=L("房号"), max_length=10)
    target_building = forms.ModelChoiceField(Area.objects.none(), label=L("转入的一户：楼栋"))
    target_stairwell = forms.CharField(label=L("单元"), max_length=10)
    target_room = forms.CharField(label=L("房号"), max_length=10)
    points = forms.IntegerField(
        label=L("拆分多少分"),
        help_text=L("只在拆分时填写"),
        min_value=1,
        max_value=MOST,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages=_POINTS,
    )
    reason = forms.CharField(
        label=L("原因"),
        max_length=200,
        help_text=L("例如：两户打通合住；子女成家另住"),
        error_messages={"required": L("请写明原因")},
    )

    def __init__(self, *args, buildings, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source_building"].queryset = buildings
        self.fields["target_building"].queryset = buildings
        self.source = self.target = None

    def clean(self):
        given = super().clean()
        self.source = self._door("source")
        self.target = self._door("target")
        lacks = given.get("kind") == Kind.SPLIT and not given.get("points")
        if lacks and "points" not in self.errors:
            self.add_error("points", _("请填写拆分多少分"))
        return given

    def _door(self, side: str) -> Household | None:
        given = self.cleaned_data
        names = [f"{side}_{part}" for part in ("building", "stairwell", "room")]
        if not all(given.get(name) for name in names):
            return None
        building, stairwell, room = (given[name] for name in names)
        found = (
            Household.objects.filter(area=building, stairwell=stairwell, room=room)
            .select_related("area")
            .first()
        )
        if found is None:
            self.add_error(f"{side}_room", _("没有登记这一户"))
        return found
