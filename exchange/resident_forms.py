"""What residents, and workers for them, fill in: an order, a gift to the pool."""

import uuid

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import limits, orders, stock
from exchange.models import OrderState
from exchange.shop import Customer, Row, label_of
from orgs.uploads import read_key
from points.ledger import InsufficientPoints
from rules.refusals import Refused

CONSENTS = ["当面同意", "电话同意", "家人转达同意"]


class Keyed(forms.Form):
    """Knows itself again: the same form sent twice does its thing once."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())

    def clean_key(self):
        return read_key(self.cleaned_data["key"]) or uuid.uuid4()

    def account_choices(self, accounts) -> list[tuple[int, str]]:
        several = len({account.community_id for account in accounts}) > 1
        text = _("%(label)s，可用 %(points)d 分")
        return [
            (
                account.pk,
                text % {"label": label_of(account, several=several), "points": account.available},
            )
            for account in accounts
        ]


class OfferField(forms.TypedChoiceField):
    """Shows outlets that have some, and takes any that has the thing: one that has just run out
    is refused with words."""

    known: frozenset = frozenset()

    def valid_value(self, value):
        return str(value) in self.known


class OrderForm(Keyed):
    offer = OfferField(
        label=L("到哪里领"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择兑换点"), "invalid_choice": L("请选择兑换点")},
    )
    quantity = forms.IntegerField(
        label=L("数量"),
        min_value=1,
        max_value=orders.MOST_PIECES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": L("请填写数量"),
            "invalid": L("数量须为 1 至 99 的整数"),
            "min_value": L("数量须为 1 至 99 的整数"),
            "max_value": L("数量须为 1 至 99 的整数"),
        },
    )
    account = forms.TypedChoiceField(
        label=L("用哪个账户"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": L("请选择账户"), "invalid_choice": L("请选择账户")},
    )
    consent = forms.ChoiceField(
        label=L("本人怎样同意的"),
        choices=[(words, words) for words in CONSENTS],
        widget=forms.RadioSelect,
        error_messages={"required": L("代办须本人同意，请选择怎样同意的")},
    )
    note = forms.CharField(
        label=L("补充说明"),
        required=False,
        max_length=60,
        help_text=L("例如谁转达的、哪天打的电话；会写在兑换单上，本人看得到"),
    )

    def __init__(self, *args, row: Row, shopper: Customer, is_helping: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.row, self.shopper, self.short = row, shopper, None
        self.spots = {spot.offer.pk: spot for spot in row.spots}
        self.accounts = {account.pk: account for account in shopper.accounts}
        there = [spot for spot in row.spots if spot.has_some]
        self.fields["offer"].choices = [(spot.offer.pk, spot.words) for spot in there]
        self.fields["offer"].known = frozenset(map(str, self.spots))
        self.fields["account"].choices = self.account_choices(shopper.accounts)
        if not is_helping:
            del self.fields["consent"], self.fields["note"]
        if not self.is_bound:
            self.initial.setdefault("quantity", 1)
            if there:
                self.initial.setdefault("offer", there[0].offer.pk)
            enough = [a.pk for a in shopper.accounts if a.available >= row.points]
            if first := [*enough, *self.accounts]:
                self.initial.setdefault("account", first[0])

    @property
    def cost(self) -> dict | None:
        """What it would cost as it is filled in, and what the account would have left."""
        said = self.cleaned_data if self.is_bound and hasattr(self, "cleaned_data") else None
        said = self.initial if said is None else said
        account = self.accounts.get(said.get("account"))
        if account is None or not said.get("quantity"):
            return None
        points = self.row.points * said["quantity"]
        left = account.available - points
        return {"points": points, "left": left, "missing": max(-left, 0)}

    def clean_offer(self):
        return self.spots[self.cleaned_data["offer"]].offer

    def clean(self):
        given = super().clean()
        if "consent" in given:
            given["words"] = "：".join(filter(None, [given["consent"], given.get("note", "")]))
        return given

    def place(self, *, by):
        """Raises Refused, with nothing written."""
        given, person = self.cleaned_data, self.shopper.person
        account = self.accounts[given["account"]]
        order = orders.place(
            given["offer"],
            account=account,
            person=person,
            household=account.household or self.shopper.home,
            by=by,
            key=f"shop:{by.pk}:{given['key']}",
            quantity=given["quantity"],
            consent=given.get("words", ""),
        )
        if order.state != OrderState.RESERVED:  # an old page come back to: that order is over
            raise orders.KeyTaken
        return order

    def refuse(self, refused: Refused) -> None:
        """Say it beside the field it is about."""
        names = {
            stock.SoldOut: "offer",
            orders.NotOffered: "offer",
            orders.OtherArea: "offer",
            limits.OverLimit: "quantity",
            limits.OverYear: "quantity",
            InsufficientPoints: "account",
            orders.NotTheirAccount: "account",
            orders.ConsentMissing: "consent",
        }
        text = str(refused)
        if isinstance(refused, InsufficientPoints):
            self.short = refused.need - refused.have
            text = _("%(text)s，还差 %(short)d 分") % {"text": text, "short": self.short}
        if isinstance(refused, orders.KeyTaken):  # pressed again, it is an order of its own
            self.data = self.data.copy()
            self.data[self.add_prefix("key")] = str(uuid.uuid4())
            text = _("这张表已经下过一单，可在“我的兑换”查看；还要再兑换的，请核对后再点一次")
        self.add_error(names.get(type(refused)), text)


class GiftForm(Keyed):
    times = forms.IntegerField(
        label=L("捐几份"),
        min_value=1,
        max_value=orders.MOST_PIECES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": L("请填写份数"),
            "invalid": L("份数须为 1 至 99 的整数"),
            "min_value": L("份数须为 1 至 99 的整数"),
            "max_value": L("份数须为 1 至 99 的整数"),
        },
    )
    account = forms.TypedChoiceField(
        label=L("从哪个账户捐"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=L("只能捐自己的积分；家庭账户是全家的，不能捐"),
        error_messages={"required": L("请选择账户"), "invalid_choice": L("请选择账户")},
    )
    is_named = forms.BooleanField(label=L("公开致谢时写上我的姓（例如“王*”）"), required=False)

    def __init__(self, *args, accounts, **kwargs):
        super().__init__(*args, **kwargs)
        self.accounts = {account.pk: account for account in accounts}
        self.fields["account"].choices = self.account_choices(accounts)
        if not self.is_bound:
            self.initial.setdefault("times", 1)
            if accounts:
                self.initial.setdefault("account", accounts[0].pk)

    def refuse(self, refused: Refused) -> None:
        text = str(refused)
        if isinstance(refused, InsufficientPoints):
            short = refused.need - refused.have
            text = _("%(text)s，还差 %(short)d 分") % {"text": text, "short": short}
            return self.add_error("account", text)
        return self.add_error(None, text)
