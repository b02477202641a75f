"""Addresses of settlement and clearing; included by ``exchange.urls``."""

urlpatterns = []
