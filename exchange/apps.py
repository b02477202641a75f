from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "exchange"
    verbose_name = _("积分兑换")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from exchange import in_points, merging, orders, verification
        from inbox.outbox import register_kind
        from orgs.positions import Position as P
        from orgs.positions import register
        from orgs.signals import merging as areas_merging
        from points import ledger, origins, promises
        from publicity import disclosures

        deciders = (P.PARTY_SECRETARY, P.COMMITTEE_DIRECTOR)
        above = (P.SUBDISTRICT_OPERATOR, P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)
        register("exchange.edit_catalogue", P.SUBDISTRICT_OPERATOR)
        register("exchange.announce_stop", P.SUBDISTRICT_OPERATOR)
        register("exchange.view_exchange", *deciders, *above, P.SUPERVISOR, P.AUDITOR)
        register(
            "exchange.help_order", P.GRID_WORKER, P.GRID_LEAD, P.SOCIAL_WORKER, P.COMMITTEE_MEMBER
        )
        register("exchange.settle", P.SUBDISTRICT_OPERATOR)
        register("exchange.approve_settlement", P.SUBDISTRICT_LEADER)
        register("exchange.investigate", P.SUPERVISOR, P.SUBDISTRICT_OPERATOR)
        register("exchange.spend_pool", P.COMMITTEE_DIRECTOR, P.SOCIAL_WORKER)
        register("exchange.approve_pool", P.SUPERVISOR)
        # Granted on the body that runs the outlet: a merchant's keeper, a shop's staff, the
        # people of the subdistrict's counter.
        register(
            "exchange.serve_outlet",
            *(P.MERCHANT_KEEPER, P.SOCIAL_WORKER, P.COMMITTEE_MEMBER, P.COMMITTEE_DIRECTOR),
            P.SUBDISTRICT_OPERATOR,
            on_organization=True,
        )

        register_kind("exchange.ordered", _("兑换下单和取货码"), ("sms",))
        register_kind("exchange.issued", _("兑换已领取"))
        register_kind("exchange.released", _("兑换取消、退回"), ("sms",))
        register_kind("exchange.arrived", _("收藏的兑换品到货"))
        register_kind("exchange.given", _("公益捐赠致谢"))
        register_kind("exchange.stop", _("停止兑换的公告"), ("sms",))
        register_kind("exchange.low_stock", _("兑换点库存不足"))
        register_kind("exchange.statement", _("商家月度结算单"), ("sms",))
        register_kind("exchange.settling", _("商家结算、社区清算待办"))
        register_kind("exchange.case", _("兑换中有情况请核实"))
        register_kind("exchange.pool", _("公益池申请和审批"))
        disclosures.register_kind("exchange.monthly", _("积分收支公开"))

        origins.register(orders.HOLD, in_points.lead)
        promises.register(in_points.open_orders)
        ledger.leave_holds(orders.HOLD)
        verification.enrol()
        areas_merging.connect(merging.on_merging, dispatch_uid="exchange.merging")
