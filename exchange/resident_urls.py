"""Addresses of residents below ``/exchange/``; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import gifts, helping, orders, shop

urlpatterns = [
    path("", shop.window, name="window"),
    path("items/<int:pk>/", shop.item, name="item"),
    path("items/<int:pk>/picture/<str:size>/", shop.picture, name="item_picture"),
    path("items/<int:pk>/favourite/", shop.favourite, name="favourite"),
    path("items/<int:pk>/news/", shop.news, name="item_news"),
    path("items/<int:pk>/give/", gifts.new, name="gift_new"),
    path("gifts/<int:pk>/", gifts.gift, name="gift"),
    path("orders/", orders.own, name="orders"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<int:pk>/slip/", orders.slip, name="order_slip"),
    path("for/", helping.find, name="help"),
    path("for/<str:public_id>/", helping.window, name="help_window"),
    path("for/<str:public_id>/items/<int:pk>/", helping.item, name="help_item"),
]
