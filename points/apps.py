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

        register("points.view_books", P.AUDITOR, P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)
        register_kind("points.ledger_findings", _("账本核验发现问题"), ("email", "sms"))
