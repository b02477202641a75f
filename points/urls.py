"""Addresses below ``/points/``."""

from django.urls import path

from points.views import books, photos

app_name = "points"

urlpatterns = [
    path("photos/<str:token>/<str:size>/", photos.photo, name="photo"),
    path("ledger/", books.books, name="books"),
    path("ledger/verify/", books.verify, name="books_verify"),
    path("ledger/heads.txt", books.heads, name="books_heads"),
]
