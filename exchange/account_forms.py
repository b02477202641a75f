"""What is filled in about cases and the pool."""

import uuid

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import pool_requests
from exchange.models import Offer
from exchange.orders import MOST_PIECES
from orgs.models import Person
from points.staff_forms import Refusable
from publicity.words import StillPrivate, refuse_private


class ReasonForm(Refusable):
    """Words for a step; ``label`` is the transition's own."""

    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=L("写清看了什么、问了谁；不写电话和门牌"),
        error_messages={"required": L("请写几句说明")},
    )

    def __init__(self, *args, label, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = label

    def clean_reason(self):
        return _public(self.cleaned_data["reason"])


class Nothing(Refusable):
    """A button alone."""


def _public(text: str) -> str:
    try:
        refuse_private(text)
    except StillPrivate as refused:
        raise forms.ValidationError(str(refused)) from refused
    return text


class OfferChoice(forms.ModelChoiceField):
    def label_from_instance(self, offer: Offer) -> str:
        words = {"item": offer.item.name, "outlet": offer.outlet.name}
        return _("%(item)s（%(outlet)s）") % words


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, person: Person) -> str:
        return person.name


class PoolForm(Refusable):
    """What to buy, what for, for how many, and who fetches it."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput())
    offer = OfferChoice(
        label=L("兑换品和兑换点"),
        queryset=Offer.objects.none(),
        empty_label=L("请选择"),
        error_messages={
            "required": L("请选择兑换品"),
            "invalid_choice": L("请从列出的兑换品里选择"),
        },
    )
    quantity = forms.IntegerField(
        label=L("数量"),
        min_value=1,
        max_value=MOST_PIECES,
        error_messages={
            "required": L("请填写数量"),
            "invalid": L("请填写整数"),
            "min_value": L("数量须大于零"),
            "max_value": L("数量太大，最多 99"),
        },
    )
    purpose = forms.CharField(
        label=L("用途"),
        max_length=100,
        help_text=L("会公开；写给谁用、做什么，不写姓名、电话和门牌"),
        error_messages={"required": L("请写明用途"), "max_length": L("最多 100 字")},
    )
    people = forms.IntegerField(
        label=L("受益人数"),
        min_value=1,
        max_value=9999,
        error_messages={
            "required": L("请填写受益人数"),
            "invalid": L("请填写整数"),
            "min_value": L("至少 1 人"),
            "max_value": L("人数太大"),
        },
    )
    picker = PersonChoice(
        label=L("谁去领"),
        queryset=Person.objects.none(),
        empty_label=L("请选择"),
        error_messages={
            "required": L("请选择领取人"),
            "invalid_choice": L("请从列出的人里选择"),
        },
    )

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["offer"].queryset = pool_requests.offers(community)
        self.fields["picker"].queryset = pool_requests.pickers(community)
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4().hex)
            self.initial.setdefault("quantity", 1)

    def clean_purpose(self):
        return _public(self.cleaned_data["purpose"])
