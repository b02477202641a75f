"""Addresses of those who certify, decide and review; included by ``points.urls``."""

from django.urls import path

from points.views import batches, certify, listing, review

urlpatterns = [
    path("certify/", certify.certify, name="certify"),
    path("claims/new/", listing.claim_for, name="claim_for"),
    path("batches/", batches.months, name="batches"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("batches/<int:pk>/decide/", batches.decide, name="decide"),
    path("batches/<int:pk>/advance/", batches.advance, name="batch_advance"),
    path("batches/<int:pk>/contest/", batches.contest, name="contest"),
    path("batches/<int:pk>/correct/<int:number>/", batches.correct, name="correct"),
    path("batches/<int:pk>/review/", review.review, name="review"),
]
