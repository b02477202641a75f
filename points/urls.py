"""Addresses below ``/points/``."""

from django.urls import path

from points import desk_urls, mine_urls, rule_urls
from points.views import books

app_name = "points"

urlpatterns = [
    *desk_urls.urlpatterns,
    *mine_urls.urlpatterns,
    path("ledger/", books.books, name="books"),
    path("ledger/verify/", books.verify, name="books_verify"),
    path("ledger/heads.txt", books.heads, name="books_heads"),
    *rule_urls.urlpatterns,
]
