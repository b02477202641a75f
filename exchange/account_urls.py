"""Addresses of liability, monitors and the public account; included by ``exchange.urls``."""

urlpatterns = []
