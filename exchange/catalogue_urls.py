"""Addresses of who keeps items, outlets and stops; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import catalogue, outlets, stops

urlpatterns = [
    path("catalogue/", catalogue.items, name="catalogue"),
    path("catalogue/new/", catalogue.new, name="item_new"),
    path("catalogue/<int:pk>/", catalogue.item, name="keep_item"),
    path("catalogue/<int:pk>/words/", catalogue.words, name="item_words"),
    path("catalogue/<int:pk>/terms/", catalogue.terms, name="item_terms"),
    path("catalogue/<int:pk>/offered/", catalogue.offered, name="item_offered"),
    path("outlets/", outlets.outlet_list, name="outlets"),
    path("outlets/new/", outlets.new, name="outlet_new"),
    path("outlets/<int:pk>/keep/", outlets.outlet, name="keep_outlet"),
    path("outlets/<int:pk>/items/", outlets.stock_items, name="outlet_items"),
    path("outlets/<int:pk>/close/", outlets.close, name="outlet_close"),
    path("stops/", stops.stop_list, name="stops"),
    path("stops/<int:pk>/lift/", stops.lift, name="stop_lift"),
]
