"""Addresses of residents below ``/exchange/``; included by ``exchange.urls``."""

urlpatterns = []
