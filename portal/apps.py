from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
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
        post_migrate.connect(sync_grants, dispatch_uid="portal.sync_grants")

        from allauth.account import signals as allauth_signals
        from django.contrib.auth import signals

        from portal.sign_in import sessions

        signals.user_logged_in.connect(sessions.begin)
        allauth_signals.user_logged_in.connect(sessions.entered)


def sync_grants(app_config, using="default", plan=(), **kwargs):
    """Give appointments the rights their positions carry in the code now installed.

    Once per migrate, after the last app, when all permissions exist.
    """
    if app_config != list(apps.get_app_configs())[-1]:
        return
    from django.db import connections

    from orgs import posts

    posts.forget_permissions()
    # A migrate that stops before the spine exists has nothing to bring in line.
    if "orgs_grant" in connections[using].introspection.table_names():
        posts.sync_grants()
