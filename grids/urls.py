"""Addresses under /issues/."""

from django.urls import include, path

from grids import field_urls, voice_urls
from grids.views import (
    account,
    bulk,
    issues,
    map,
    pictures,
    posting,
    queue,
    replies,
    responsibilities,
    roster,
    whistles,
)

app_name = "grids"
urlpatterns = [
    path("", issues.issue_list, name="issues"),
    path("new/", posting.new, name="issue_new"),
    path("account/", account.figures_page, name="account"),
    path("account/figures.csv", account.figures_csv, name="account_csv"),
    path("map/", map.issue_map, name="map"),
    path("queue/", queue.queue, name="queue"),
    path("bulk/", bulk.bulk_dispatch, name="bulk"),
    path("responsibilities/", responsibilities.table, name="responsibilities"),
    path("responsibilities/new/", responsibilities.new, name="responsibility_new"),
    path("responsibilities/duties/", responsibilities.duties, name="duties"),
    path("responsibilities/<int:pk>/", responsibilities.row, name="responsibility"),
    path("roster/", roster.rosters, name="rosters"),
    path("roster/<int:pk>/", roster.one, name="roster"),
    path("templates/", replies.templates, name="templates"),
    path("templates/new/", replies.new, name="template_new"),
    path("templates/<int:pk>/", replies.edit, name="template"),
    *field_urls.urlpatterns,
    *voice_urls.urlpatterns,
    path("photos/<str:token>/<str:size>/", pictures.photo, name="photo"),
    path("", include("grids.hotline.urls")),
    path("whistles/", whistles.whistle_list, name="whistles"),
    path("whistles/unanswered.csv", whistles.unanswered, name="whistles_unanswered"),
    path("<str:number>/", issues.issue, name="issue"),
    path("<str:number>/posted/", posting.posted, name="issue_posted"),
    path("<str:number>/whistle/", whistles.whistle, name="whistle"),
]
