"""Addresses under /issues/ for following, urging, comments, and what is similar."""

from django.urls import path

from grids.views import moderation, voices

urlpatterns = [
    path("similar/", voices.suggest, name="similar"),
    path("comments/", moderation.waiting, name="comments"),
    path("comments/<int:pk>/", moderation.comment, name="comment"),
    path("<str:number>/follow/", voices.follow, name="follow"),
    path("<str:number>/urge/", voices.urge, name="urge"),
    path("<str:number>/comments/", voices.comment, name="comment_on"),
]
