"""Addresses below ``/points/``."""

from django.urls import path

from points import mine_urls
from points.views import books, rules

app_name = "points"

urlpatterns = [
    *mine_urls.urlpatterns,
    path("ledger/", books.books, name="books"),
    path("ledger/verify/", books.verify, name="books_verify"),
    path("ledger/heads.txt", books.heads, name="books_heads"),
    path("rules/", rules.rules, name="rules"),
    path("rules/sheet/", rules.sheet, name="rules_sheet"),
    path("rules/<str:code>/", rules.rule, name="rule"),
    path("rules/<str:code>/new/", rules.new_version, name="rule_new"),
    path("rules/<str:code>/end/", rules.end, name="rule_end"),
]
