"""Addresses under /notices/."""

from django.urls import path

from publicity.views import board, disclosures, notices, staff

app_name = "publicity"
urlpatterns = [
    path("", board.board, name="board"),
    path("new/", staff.new_notice, name="notice_new"),
    path("<int:pk>/", notices.notice, name="notice"),
    path("<int:pk>/sheet/", notices.sheet, name="notice_sheet"),
    path("<int:pk>/table.csv", notices.table, name="notice_table"),
    path("<int:pk>/read/", notices.read, name="notice_read"),
    path("<int:pk>/object/", notices.object_to, name="object"),
    path("<int:pk>/work/", staff.work, name="work"),
    path("schedules/", staff.schedules, name="schedules"),
    path("schedules/<int:pk>/stop/", staff.stop_schedule, name="schedule_stop"),
    path("disclosures/new/", staff.new_disclosure, name="disclosure_new"),
    path("disclosures/<int:pk>/", disclosures.disclosure, name="disclosure"),
    path("disclosures/<int:pk>/sheet/", disclosures.sheet, name="disclosure_sheet"),
    path("disclosures/<int:pk>/table.csv", disclosures.table, name="disclosure_table"),
    path("disclosures/<int:pk>/read/", disclosures.read, name="disclosure_read"),
    path(
        "disclosures/<int:pk>/versions/<int:number>/",
        disclosures.version,
        name="disclosure_version",
    ),
    path("disclosures/<int:pk>/publish/", staff.publish_owed, name="disclosure_publish"),
    path("disclosures/<int:pk>/correct/", staff.correct, name="disclosure_correct"),
]
