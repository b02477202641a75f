"""Every address of the portal."""

from django.urls import path

from portal import components, health, mailbox, preferences

urlpatterns = [
    path("messages/", mailbox.mailbox, name="mailbox"),
    path("messages/read/", mailbox.read_all, name="mailbox_read_all"),
    path("messages/preferences/", mailbox.wishes, name="mailbox_preferences"),
    path("messages/<int:pk>/", mailbox.message, name="mailbox_message"),
    path("messages/<int:pk>/read/", mailbox.read, name="mailbox_read"),
    path("messages/<int:pk>/notice/", mailbox.notice, name="mailbox_notice"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("ui/", components.components, name="components"),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.page_not_found"
handler500 = "portal.errors.server_error"
