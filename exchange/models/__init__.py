from exchange.models.catalogue import Item, ItemKind, ItemTerms, Outlet, OutletKind
from exchange.models.donations import DonorWish, GoodsDonation
from exchange.models.orders import (
    COUNTING,
    Favourite,
    Gift,
    Order,
    OrderState,
    OrderStep,
    RedemptionStop,
)
from exchange.models.stock import OF_ORDERS, Offer, StockEntry, StockKind

__all__ = [
    "COUNTING",
    "OF_ORDERS",
    "DonorWish",
    "Favourite",
    "Gift",
    "GoodsDonation",
    "Item",
    "ItemKind",
    "ItemTerms",
    "Offer",
    "Order",
    "OrderState",
    "OrderStep",
    "Outlet",
    "OutletKind",
    "RedemptionStop",
    "StockEntry",
    "StockKind",
]
