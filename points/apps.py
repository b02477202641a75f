from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = _("积分")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from inbox.outbox import register_kind
        from orgs.positions import Position as P
        from orgs.positions import register
        from points import batches
        from publicity import notices, signals
        from publicity.models import Scope

        deciders = (P.PARTY_SECRETARY, P.COMMITTEE_DIRECTOR)
        certifiers = (
            *(P.GRID_WORKER, P.GRID_LEAD, P.SOCIAL_WORKER, P.COMMITTEE_MEMBER),
            *(P.SUPERVISOR, *deciders),
        )
        above = (P.SUBDISTRICT_OPERATOR, P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)
        register("points.edit_rules", P.SUBDISTRICT_OPERATOR)
        # Where somebody may certify at all; whom exactly, the rule's own list says.
        register("points.certify_claim", *certifiers)
        register("points.decide_claims", *deciders)
        register("points.edit_panel", *deciders)
        register("points.answer_appeal", P.SUPERVISOR, P.SUBDISTRICT_OPERATOR)
        register("points.report_deduction", *certifiers)
        register("points.establish_deduction", P.SOCIAL_WORKER, P.COMMITTEE_MEMBER)
        register("points.decide_deduction", *deciders)
        register("points.protect_names", P.SOCIAL_WORKER, P.COMMITTEE_DIRECTOR)
        register("points.set_budget", P.SUBDISTRICT_OPERATOR)
        register("points.approve_budget", P.SUBDISTRICT_LEADER)
        register("points.view_claims", *certifiers, P.SUBDISTRICT_OPERATOR, P.AUDITOR)
        register("points.view_books", *deciders, *above, P.AUDITOR)
        register("points.verify_books", P.AUDITOR, P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)

        register_kind("points.ledger_findings", _("账本核验发现问题"), ("email", "sms"))
        register_kind("points.expiring", _("积分即将到期"), ("sms",))
        register_kind("points.refused", _("我的积分申报未通过"))
        register_kind("points.posted", _("我的积分到账"))
        register_kind("points.appeal_task", _("有积分申诉等我答复"))
        register_kind("points.appeal_answered", _("我的积分申诉有答复"), ("sms",))
        register_kind("points.to_certify", _("有积分申报等我认证"))
        register_kind("points.to_decide", _("有积分批次等我审批"))
        register_kind("points.to_sign", _("有积分批次等我审议"))
        register_kind("points.objection", _("积分公示收到异议"))
        register_kind("points.corrected", _("我的积分在公示期更正"))
        register_kind("points.reversed", _("我的积分被冲正"), ("sms",))
        register_kind("points.household", _("家庭账户合并、拆分"))
        register_kind("points.no_budget", _("积分预算不足"))
        register_kind("points.budget", _("积分预算待批准、已批准或退回"))
        register_kind("points.deduction", _("积分扣减：听取意见和决定"), ("sms",), must_read=True)
        register_kind("points.deduction_task", _("有积分扣减等我办理"))

        notices.register_kind(
            "points",
            _("积分公示"),
            profile="POINTS",
            term="public_notice",
            answer="objection_answer",
            scope=Scope.RESIDENTS,
            most_rows=5000,
        )
        from orgs.signals import merging as areas_merging
        from points import merging

        areas_merging.connect(merging.on_merging, dispatch_uid="points.merging")
        signals.objected.connect(batches.on_objected, dispatch_uid="points.objected")
        signals.closed.connect(batches.on_closed, dispatch_uid="points.closed")
        signals.withdrawn.connect(batches.on_withdrawn, dispatch_uid="points.withdrawn")

        from points import opportunities

        opportunities.register(opportunities.rules_of_my_place)
