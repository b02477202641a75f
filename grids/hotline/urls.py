"""Addresses of this room, under /issues/; included by ``grids.urls`` in its namespace."""

from django.urls import path

from grids.views import hotline

urlpatterns = [
    path("orders/", hotline.orders, name="orders"),
    path("orders/export/", hotline.export, name="orders_export"),
    path("looks/", hotline.looks, name="looks"),
    path("imports/", hotline.imports, name="imports"),
    path("imports/<int:pk>/", hotline.an_import, name="import"),
    path("imports/<int:pk>/columns/", hotline.import_columns, name="import_columns"),
    path("imports/<int:pk>/start/", hotline.import_start, name="import_start"),
    path("imports/<int:pk>/discard/", hotline.import_discard, name="import_discard"),
    path("imports/<int:pk>/undo/", hotline.import_undo, name="import_undo"),
    path("imports/<int:pk>/errors.csv", hotline.import_errors, name="import_errors"),
    path("partners/", hotline.partner_list, name="partners"),
    path("partners/new/", hotline.partner_new, name="partner_new"),
    path("partners/<int:pk>/", hotline.partner, name="partner"),
    path("partners/<int:pk>/edit/", hotline.partner_edit, name="partner_edit"),
    path("partners/<int:pk>/secret/", hotline.partner_secret, name="partner_secret"),
    path("partners/<int:pk>/retire/", hotline.partner_retire, name="partner_retire"),
    path("callbacks/<int:pk>/resend/", hotline.callback_resend, name="callback_resend"),
    path("hook/<slug:code>/", hotline.receive, name="hook"),
    path("<str:number>/caller/", hotline.caller, name="caller"),
]
