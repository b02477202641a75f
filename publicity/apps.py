from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PublicityConfig(AppConfig):
    name = "publicity"
    verbose_name = _("公示公开")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from inbox.outbox import register_kind
        from orgs.positions import Position as P
        from orgs.positions import register
        from publicity import disclosures, notices
        from publicity.models import Scope

        publishers = (
            P.PARTY_SECRETARY,
            P.COMMITTEE_DIRECTOR,
            P.SOCIAL_WORKER,
            P.SUBDISTRICT_OPERATOR,
        )
        register("publicity.publish_notice", *publishers)
        register("publicity.publish_disclosure", *publishers)
        register(
            "publicity.answer_objection",
            P.PARTY_SECRETARY,
            P.COMMITTEE_DIRECTOR,
            P.SUPERVISOR,
            P.SUBDISTRICT_OPERATOR,
        )
        register(
            "publicity.view_notice",
            *publishers,
            P.SUPERVISOR,
            P.GRID_WORKER,
            P.GRID_LEAD,
            P.SUBDISTRICT_LEADER,
            P.DISTRICT_OFFICER,
            P.AUDITOR,
        )

        register_kind("publicity.objection_task", _("有公示异议等我答复"))
        register_kind("publicity.objection_answered", _("我提出的异议有答复"), ("sms",))
        register_kind("publicity.objection_late", _("公示异议超期未答复"))
        register_kind("publicity.notice_ended", _("我提出异议的公示有结果"))
        register_kind("publicity.disclosure_due", _("有信息该公开了"))
        register_kind("publicity.disclosure_late", _("信息逾期未公开"))

        notices.register_kind("general", _("一般公示"), by_hand=True)
        notices.register_kind(
            "decision",
            _("决议公示"),
            term="decision",
            answer="answer_decision",
            auto_close=False,
            by_hand=True,
        )
        notices.register_kind(
            "owners",
            _("业主事项公示"),
            term="owners",
            scope=Scope.OWNERS,
            auto_close=False,
            by_hand=True,
        )

        disclosures.register_kind("party_affairs", _("党务公开"), by_hand=True)
        disclosures.register_kind("community_affairs", _("居务公开"), by_hand=True)
        disclosures.register_kind("finance", _("财务公开"), by_hand=True)
        disclosures.register_kind("property_income", _("公共收益公开"), by_hand=True)
