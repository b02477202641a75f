from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("门户")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from orgs.positions import Position, register

        # Screens of the floor-0 apps live here, and so do the rights to use them.
        register("rules.edit_rules", Position.SYSTEM_ADMIN, Position.DISTRICT_OFFICER)
        register("rules.edit_national_rules", Position.SYSTEM_ADMIN)
        register("rules.edit_calendar", Position.SYSTEM_ADMIN, Position.DISTRICT_OFFICER)
