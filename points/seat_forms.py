"""Somebody named for a seat in the points group."""

from django import forms
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.forms import NamedChoice
from orgs.models import Area
from orgs.models.people import PHONE_PATTERN
from points.deduction_desk import find_party
from points.models import PanelRole

L = gettext_lazy
MOST_TRIES = 20  # people not found by one person a day: this form is no directory


class PersonForm(forms.Form):
    """A person by name and phone, or by name and door."""

    name = forms.CharField(
        label=L("姓名"), max_length=40, error_messages={"required": L("请填写姓名")}
    )
    phone = forms.RegexField(
        PHONE_PATTERN,
        label=L("手机号"),
        required=False,
        help_text=L("没有手机号的，填下面的楼栋和房号。"),
        error_messages={"invalid": L("请输入 11 位手机号")},
    )
    building = NamedChoice(
        Area.objects.none(),
        label=L("楼栋"),
        required=False,
        naming=lambda area: area.name,
        empty_label=L("请选择"),
    )
    room = forms.CharField(label=L("房号"), required=False, max_length=20)

    def __init__(self, *args, person, buildings, **kwargs):
        super().__init__(*args, **kwargs)
        self.person, self.found = person, None
        self.fields["building"].queryset = buildings

    def clean(self):
        given = super().clean()
        if not given.get("name") or "phone" in self.errors:
            return given
        if not given.get("phone") and not (given.get("building") and given.get("room")):
            self.add_error("phone", _("请填手机号，或楼栋和房号"))
            return given
        tried = f"points:person:{self.person.pk}:{timezone.localdate()}"
        if cache.get(tried, 0) >= MOST_TRIES:
            self.add_error("name", _("今天没找到的次数太多，请明天再试"))
            return given
        self.found = find_party(
            name=given["name"],
            phone=given.get("phone") or "",
            building=given.get("building"),
            room=given.get("room") or "",
        )
        if self.found is None:
            cache.add(tried, 0, 24 * 3600)
            cache.incr(tried)
            field = "phone" if given.get("phone") else "room"
            self.add_error(field, _("姓名和这里填的对不上，请核对"))
        return given

    def refuse(self, refused: Exception) -> None:
        self.add_error("name", str(refused))


class SeatForm(PersonForm):
    area = NamedChoice(
        Area.objects.none(), label=L("社区"), naming=lambda area: area.name, empty_label=None
    )
    role = forms.ChoiceField(
        label=L("身份"),
        choices=PanelRole.choices,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择身份")},
        help_text=L("居民代表须是本社区已核验、不任职的居民；监督委员须是居务监督委员会委员。"),
    )
    field_order = ["area", "role", "name", "phone", "building", "room"]

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = places
