"""Addresses of settlement and clearing; included by ``exchange.urls``."""

from django.urls import path

from exchange.views import clearing, settlement

urlpatterns = [
    path("settlements/", settlement.index, name="settlements"),
    path("settlements/draw/", settlement.draw, name="settlement_draw"),
    path("settlements/<int:pk>/", settlement.detail, name="settlement"),
    path("settlements/<int:pk>/lines/<int:line>/", settlement.line, name="settlement_line"),
    path(
        "settlements/<int:pk>/omissions/<int:omission>/",
        settlement.omission,
        name="settlement_omission",
    ),
    path("settlements/<int:pk>/statement.xlsx", settlement.excel, name="settlement_excel"),
    path("settlements/<int:pk>/statement.pdf", settlement.pdf, name="settlement_pdf"),
    path("clearing/", clearing.index, name="clearings"),
    path("clearing/<int:pk>/", clearing.detail, name="clearing"),
    path("clearing/<int:pk>/<int:community>/", clearing.row, name="clearing_row"),
    path("clearing/<int:pk>/table.csv", clearing.table, {"format": "csv"}, name="clearing_csv"),
    path("clearing/<int:pk>/table.xlsx", clearing.table, {"format": "xlsx"}, name="clearing_excel"),
]
