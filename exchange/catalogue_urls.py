"""Addresses of who keeps items, outlets and stops; included by ``exchange.urls``."""

urlpatterns = []
