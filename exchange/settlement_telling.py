"""Who is told what about a settlement or a clearing. Codes and sums only, never a resident."""

from django.utils.translation import gettext as _

from exchange import who
from exchange.models import SettlementState as S
from exchange.telling import tell
from orgs import access
from ui.dates import day_text, local


def _name(settlement) -> str:
    words = {"month": settlement.month_text, "name": settlement.organization.name}
    return _("%(name)s%(month)s结算单") % words


def _merchant(settlement):
    return access.holders(who.SERVE, organization=settlement.organization)


def _say(people, settlement, kind, title, text, event) -> None:
    tell(
        people,
        kind=kind,
        title=title,
        text=text,
        url=settlement.get_absolute_url(),
        key=f"settlement:{settlement.pk}:{event}",
    )


def of_drawing(settlement, move) -> None:
    due = day_text(local(settlement.dispute_due_at).date(), full=True)
    text = _("请在%(due)s前核对，逐笔确认或提出异议；逾期没有答复，视为没有异议。") % {"due": due}
    title = _("%(month)s结算单请核对") % {"month": settlement.month_text}
    _say(_merchant(settlement), settlement, "exchange.statement", title, text, "drawn")


def of_term(settlement) -> None:
    due = day_text(local(settlement.dispute_due_at).date(), full=True)
    title = _("%(month)s结算单快到核对期限") % {"month": settlement.month_text}
    text = _("%(due)s下班前没有答复，视为没有异议。") % {"due": due}
    _say(_merchant(settlement), settlement, "exchange.statement", title, text, "term")


def of_confirming(settlement, move) -> None:
    """To those who deal with it: something to answer, or to be submitted."""
    if settlement.state == S.DISPUTED:
        title = _("有异议待答复：%(what)s") % {"what": _name(settlement)}
        text = _("商家对明细提出了异议，请逐项答复。")
    else:
        title = _("可以提交批准：%(what)s") % {"what": _name(settlement)}
        text = _("商家已核对。")
        if settlement.is_silent:
            text = _("商家在期限内没有答复，视为没有异议。")
    people = access.holders(who.SETTLE, area=settlement.area)
    _say(people, settlement, "exchange.settling", title, text, f"{move.step.pk}:confirmed")


def of_answers(settlement, move) -> None:
    """To the merchant, when the last of their disputes is answered."""
    if settlement.state != S.READY:
        return
    title = _("%(month)s结算单的异议已答复") % {"month": settlement.month_text}
    text = _("逐项的答复写在结算单上。")
    event = f"{move.step.pk}:answered"
    _say(_merchant(settlement), settlement, "exchange.statement", title, text, event)


def of_asking(settlement, move) -> None:
    title = _("退回积分待批准：%(what)s") % {"what": _name(settlement)}
    people = access.holders(who.APPROVE, area=settlement.area).exclude(pk=move.by.pk)
    event = f"{move.step.pk}:reversing"
    _say(people, settlement, "exchange.settling", title, move.reason, event)


def of_submission(settlement, move) -> None:
    title = _("结算待批准：%(what)s") % {"what": _name(settlement)}
    text = _("共 %(orders)d 笔、%(points)d 分。") % {
        "orders": settlement.orders,
        "points": settlement.points,
    }
    people = access.holders(who.APPROVE, area=settlement.area).exclude(pk=move.by.pk)
    event = f"{move.step.pk}:submitted"
    _say(people, settlement, "exchange.settling", title, text, event)


def of_return(settlement, move) -> None:
    title = _("结算单被退回：%(what)s") % {"what": _name(settlement)}
    people = access.holders(who.SETTLE, area=settlement.area)
    event = f"{move.step.pk}:returned"
    _say(people, settlement, "exchange.settling", title, move.reason, event)


def of_approval(settlement, move) -> None:
    month = settlement.month_text
    title = _("%(month)s结算单已批准") % {"month": month}
    text = _("等待街道付款。") if settlement.pays else _("实物核销，不付款。")
    event = "approved"
    _say(_merchant(settlement), settlement, "exchange.statement", title, text, event)


def of_payment(settlement, move) -> None:
    title = _("%(month)s结算款已付") % {"month": settlement.month_text}
    text = _("付款日期%(day)s，凭证号 %(voucher)s。") % {
        "day": day_text(settlement.paid_on, full=True),
        "voucher": settlement.voucher,
    }
    event = f"{move.step.pk}:paid"
    _say(_merchant(settlement), settlement, "exchange.statement", title, text, event)


# --- clearings -----------------------------------------------------------------------------------


def _of_clearing(people, clearing, title, text, event) -> None:
    tell(
        people,
        kind="exchange.settling",
        title=title % {"month": clearing.month_text},
        text=text,
        url=clearing.get_absolute_url(),
        key=f"clearing:{clearing.pk}:{event}",
    )


def of_clearing_drawn(clearing, move) -> None:
    people = access.holders(who.APPROVE, area=clearing.area).exclude(pk=move.by.pk)
    text = _("各社区净额合计为零，请核对后批准。")
    _of_clearing(people, clearing, _("%(month)s社区清算待批准"), text, f"{move.step.pk}:drawn")


def of_clearing_returned(clearing, move) -> None:
    people = [clearing.drawn_by]
    event = f"{move.step.pk}:returned"
    _of_clearing(people, clearing, _("%(month)s社区清算被退回"), move.reason, event)


def of_clearing_posted(clearing, move) -> None:
    text = _("各社区之间的积分已经清算入账。")
    _of_clearing([clearing.drawn_by], clearing, _("%(month)s社区清算已入账"), text, "posted")
