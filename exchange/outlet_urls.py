"""Addresses of those behind a counter; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import counter

urlpatterns = [
    path("counter/", counter.at_counter, name="counter"),
    path("counter/stand/", counter.stand, name="counter_stand"),
    path("counter/issue/", counter.issue, name="counter_issue"),
    path("counter/refuse/", counter.refuse, name="counter_refuse"),
    path("pick/<str:code>/", counter.pick, name="pick"),
    path("handed/<str:token>/<str:size>/", counter.handed_photo, name="handed_photo"),
]
