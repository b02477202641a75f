"""Addresses below ``/exchange/``."""

from exchange import account_urls, catalogue_urls, outlet_urls, resident_urls, settlement_urls

app_name = "exchange"

urlpatterns = [
    *resident_urls.urlpatterns,
    *outlet_urls.urlpatterns,
    *catalogue_urls.urlpatterns,
    *settlement_urls.urlpatterns,
    *account_urls.urlpatterns,
]
