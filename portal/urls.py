"""Every address of the portal."""

from django.urls import include, path

from portal import components, desk, health, home, mailbox, preferences, rulebook

urlpatterns = [
    path("", home.home, name="home"),
    path("desk/", desk.desk, name="desk"),
    path("messages/", mailbox.mailbox, name="mailbox"),
    path("messages/read/", mailbox.read_all, name="mailbox_read_all"),
    path("messages/preferences/", mailbox.wishes, name="mailbox_preferences"),
    path("messages/<int:pk>/", mailbox.message, name="mailbox_message"),
    path("messages/<int:pk>/read/", mailbox.read, name="mailbox_read"),
    path("messages/<int:pk>/notice/", mailbox.notice, name="mailbox_notice"),
    path("rules/", rulebook.rules, name="rules"),
    path("rules/<int:pk>/", rulebook.rule, name="rule"),
    path("rules/<int:pk>/supersede/", rulebook.supersede, name="rule_supersede"),
    path("rules/<int:pk>/localize/", rulebook.localize, name="rule_localize"),
    path("rules/<int:pk>/verify/", rulebook.verify, name="rule_verify"),
    path("rules/<int:pk>/withdraw/", rulebook.withdraw, name="rule_withdraw"),
    path("rules/calendar/", rulebook.calendar_now, name="rules_calendar"),
    path("rules/calendar/<int:year>/", rulebook.calendar_year, name="rules_calendar_year"),
    path("rules/calendar/day/", rulebook.set_day, name="rules_day"),
    path("rules/calendar/import/", rulebook.import_notice, name="rules_import"),
    path("rules/calendar/notices/<int:pk>/", rulebook.notice, name="rules_notice"),
    path("rules/calendar/notices/<int:pk>/undo/", rulebook.undo_notice, name="rules_notice_undo"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("portal.sign_in.urls")),
    path("", include("orgs.urls")),
    path("issues/", include("grids.urls")),
    path("notices/", include("publicity.urls")),
    path("points/", include("points.urls")),
    path("exchange/", include("exchange.urls")),
    path("preferences/", preferences.preferences, name="preferences"),
    path("ui/", components.components, name="components"),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.page_not_found"
handler429 = "portal.sign_in.views.too_many"
handler500 = "portal.errors.server_error"
