"""Addresses of liability, monitors and the public account; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import account

urlpatterns = [
    path("account/", account.account, name="account"),
    path("account/transfers/", account.transfers, name="account_transfers"),
    path("account/transfers.csv", account.transfers_csv, name="account_csv"),
]
