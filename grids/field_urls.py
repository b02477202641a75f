"""Addresses of the tools of the field and the counter, under /issues/ (see ``grids.urls``)."""

from django.urls import path

from grids.views import desk, drafts, patrols, redaction

urlpatterns = [
    path("desk-entry/", desk.enter, name="desk_entry"),
    path("patrols/", patrols.patrol_list, name="patrols"),
    path("patrols/start/", patrols.start, name="patrol_start"),
    path("patrols/<int:pk>/", patrols.patrol, name="patrol"),
    path("patrols/<int:pk>/tick/", patrols.tick, name="patrol_tick"),
    path("patrols/<int:pk>/found/", patrols.found, name="patrol_found"),
    path("patrols/<int:pk>/end/", patrols.end, name="patrol_end"),
    path("photos/<str:token>/redact/", redaction.redact, name="redact"),
    path("<str:number>/draft/", drafts.draft, name="draft"),
    path("<str:number>/slip/", desk.slip, name="slip"),
    path("<str:number>/told/", desk.told, name="told"),
    path("<str:number>/call/", desk.ring, name="ring"),
]
