from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GridsConfig(AppConfig):
    name = "grids"
    verbose_name = _("网格服务")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from grids import desk
        from inbox.outbox import register_kind, register_phone_book
        from orgs.positions import Position as P
        from orgs.positions import register

        near = (
            P.GRID_WORKER,
            P.GRID_LEAD,
            P.SOCIAL_WORKER,
            P.COMMITTEE_DIRECTOR,
            P.PARTY_SECRETARY,
            P.SUBDISTRICT_OPERATOR,
        )
        register("grids.file_issue", *near)
        register("grids.dispatch_issue", *near)
        register("grids.verify_issue", *near)
        register("grids.view_issue", *near, P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER, P.AUDITOR)
        register(
            "grids.handle_issue",
            P.GRID_WORKER,
            P.GRID_LEAD,
            P.SOCIAL_WORKER,
            P.COMMITTEE_DIRECTOR,
            P.COMMITTEE_MEMBER,
            P.OWNERS_DIRECTOR,
            P.OWNERS_MEMBER,
            P.PROPERTY_MANAGER,
            P.PROPERTY_STAFF,
            P.DEPARTMENT_OFFICER,
            P.SUBDISTRICT_OPERATOR,
            on_organization=True,
        )
        register(
            "grids.moderate_photos",
            P.SOCIAL_WORKER,
            P.COMMITTEE_DIRECTOR,
            P.PARTY_SECRETARY,
            P.SUBDISTRICT_OPERATOR,
        )
        from grids import whistle_follow
        from grids.hotline import callbacks
        from grids.models import Issue
        from grids.signals import moved

        moved.connect(callbacks.on_move, sender=Issue, dispatch_uid="grids.callbacks")
        from grids import rewards

        moved.connect(rewards.on_move, sender=Issue, dispatch_uid="grids.rewards")
        # Last, since it may move the issue on: what is told of the first move goes before.
        moved.connect(whistle_follow.follow, sender=Issue, dispatch_uid="grids.whistles")
        register("grids.manage_partners", P.SUBDISTRICT_OPERATOR, P.SYSTEM_ADMIN)
        register("grids.import_orders", P.SUBDISTRICT_OPERATOR)
        register(
            "grids.export_orders",
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
            P.DISTRICT_OFFICER,
        )

        register("grids.edit_responsibilities", P.SUBDISTRICT_OPERATOR, P.DISTRICT_OFFICER)
        register("grids.patrol", P.GRID_WORKER, P.GRID_LEAD, P.SOCIAL_WORKER)
        register(
            "grids.name_recusal",
            P.SOCIAL_WORKER,
            P.COMMITTEE_DIRECTOR,
            P.PARTY_SECRETARY,
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
        )
        register(
            "grids.write_templates",
            P.SOCIAL_WORKER,
            P.COMMITTEE_DIRECTOR,
            P.PARTY_SECRETARY,
            P.SUBDISTRICT_OPERATOR,
        )
        register(
            "grids.manage_roster",
            P.COMMITTEE_DIRECTOR,
            P.PROPERTY_MANAGER,
            P.OWNERS_DIRECTOR,
            P.DEPARTMENT_OFFICER,
            P.SUBDISTRICT_OPERATOR,
            on_organization=True,
        )
        register(
            "grids.grant_delay",
            P.COMMITTEE_DIRECTOR,
            P.PARTY_SECRETARY,
            P.SUBDISTRICT_OPERATOR,
            P.SUBDISTRICT_LEADER,
        )
        register("grids.grant_high_delay", P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)
        register("grids.ask_whistle", P.SUBDISTRICT_OPERATOR)
        register("grids.approve_whistle", P.SUBDISTRICT_LEADER)
        register("grids.watch_whistle", P.SUBDISTRICT_LEADER, P.DISTRICT_OFFICER)
        register_kind("grids.whistle", _("吹哨报到等我处理"))
        register_kind("grids.whistle_unanswered", _("部门逾期未报到"))

        register_phone_book("caller", desk.phone_of)
        register_kind("grids.issue_progress", _("我反映的事项有进展"))
        register_kind("grids.issue_answer", _("我反映的事项有结果"), ("sms",))
        register_kind("grids.issue_task", _("有事项等我处理"))
        register_kind("grids.issue_late", _("事项超期"))
        register_kind("grids.issue_warning", _("事项时限预警"))

        from publicity import disclosures

        disclosures.register_kind("grids.issue_figures", _("事项办理情况"))

        from grids import escalation
        from rules.clocks import pause_used_up

        pause_used_up.connect(escalation.after_pause, dispatch_uid="grids.after_pause")

        from grids import voicing

        voicing.ready()
