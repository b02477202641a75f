"""Addresses of liability, monitors and the public account; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import account, monitors, openness

urlpatterns = [
    path("account/", account.account, name="account"),
    path("account/transfers/", account.transfers, name="account_transfers"),
    path("account/transfers.csv", account.transfers_csv, name="account_csv"),
    path("public/", openness.public_account, name="public_account"),
    path("cases/", monitors.case_list, name="cases"),
    path("cases/<int:pk>/", monitors.case, name="case"),
    path("pool/", monitors.pool, name="pool"),
    path("pool/new/", monitors.pool_new, name="pool_new"),
    path("pool/<int:pk>/", monitors.pool_request, name="pool_request"),
    path("pool/<int:pk>/slip/", monitors.pool_slip, name="pool_slip"),
]
