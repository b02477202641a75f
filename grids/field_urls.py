"""Addresses of the tools of the field and the counter, under /issues/ (see ``grids.urls``)."""

from django.urls import path

from grids.views import patrols, redaction

urlpatterns = [
    path("patrols/", patrols.patrol_list, name="patrols"),
    path("patrols/start/", patrols.start, name="patrol_start"),
    path("patrols/<int:pk>/", patrols.patrol, name="patrol"),
    path("patrols/<int:pk>/tick/", patrols.tick, name="patrol_tick"),
    path("patrols/<int:pk>/found/", patrols.found, name="patrol_found"),
    path("patrols/<int:pk>/end/", patrols.end, name="patrol_end"),
    path("photos/<str:token>/redact/", redaction.redact, name="redact"),
]
