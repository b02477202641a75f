"""Addresses of those behind a counter; included by ``exchange.urls``."""

urlpatterns = []
