"""Addresses under /issues/ for following, urging, comments, what is similar, proposals."""

from django.urls import path

from grids.views import moderation, proposals, voices

urlpatterns = [
    path("similar/", voices.suggest, name="similar"),
    path("comments/", moderation.waiting, name="comments"),
    path("comments/<int:pk>/", moderation.comment, name="comment"),
    path("proposals/", proposals.proposal_list, name="proposals"),
    path("proposals/<int:pk>/dismiss/", proposals.dismiss, name="proposal_dismiss"),
    path("<str:number>/follow/", voices.follow, name="follow"),
    path("<str:number>/urge/", voices.urge, name="urge"),
    path("<str:number>/comments/", voices.comment, name="comment_on"),
]
