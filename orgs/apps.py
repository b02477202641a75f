from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrgsConfig(AppConfig):
    name = "orgs"
    verbose_name = _("组织与人员")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from orgs.positions import Position as P
        from orgs.positions import register

        register("orgs.verify_residence", P.GRID_WORKER, P.GRID_LEAD, P.SOCIAL_WORKER)
        register(
            "orgs.manage_organizations",
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
            P.DISTRICT_OFFICER,
        )
        register(
            "orgs.appoint_people",
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
            P.DISTRICT_OFFICER,
        )
        register(
            "orgs.view_staff_details",
            P.PARTY_SECRETARY,
            P.COMMITTEE_DIRECTOR,
            P.SOCIAL_WORKER,
            P.GRID_LEAD,
            P.GRID_WORKER,
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
            P.DISTRICT_OFFICER,
            P.AUDITOR,
        )
        register(
            "orgs.reveal_contacts",
            P.PARTY_SECRETARY,
            P.COMMITTEE_DIRECTOR,
            P.SOCIAL_WORKER,
            P.GRID_LEAD,
            P.GRID_WORKER,
        )
        register(
            "orgs.place_buildings",
            P.SOCIAL_WORKER,
            P.GRID_LEAD,
            P.GRID_WORKER,
            P.SUBDISTRICT_OPERATOR,
        )
        register("orgs.audit_contact_reveals", P.AUDITOR)
        register("orgs.unlock_accounts", P.SECURITY_ADMIN)

        from inbox.outbox import register_kind

        register_kind("orgs.residence_declared", _("居住关系待核验"))
        register_kind("orgs.residence_decided", _("居住关系核验结果"), ["sms"])
