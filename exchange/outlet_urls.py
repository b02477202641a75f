"""Addresses of those behind a counter; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import counter, donations, paper, stock

urlpatterns = [
    path("counter/", counter.at_counter, name="counter"),
    path("counter/stand/", counter.stand, name="counter_stand"),
    path("counter/issue/", counter.issue, name="counter_issue"),
    path("counter/refuse/", counter.refuse, name="counter_refuse"),
    path("pick/<str:code>/", counter.pick, name="pick"),
    path("handed/<str:token>/<str:size>/", counter.handed_photo, name="handed_photo"),
    path("outlets/<int:pk>/list/", paper.sheet, name="paper"),
    path("outlets/<int:pk>/list/enter/", paper.enter, name="paper_enter"),
    path("stock/", stock.home, name="stock_home"),
    path("outlets/<int:pk>/stock/", stock.sheet, name="stock"),
    path("outlets/<int:pk>/stock.csv", stock.sheet_csv, name="stock_csv"),
    path("outlets/<int:pk>/stock/<int:offer_pk>/", stock.item, name="stock_item"),
    path("donations/", donations.gifts, name="donations"),
    path("donations/<int:pk>/", donations.gift, name="donation"),
]
