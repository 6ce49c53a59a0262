"""Pages of the admin site for the SIM shop."""

from orders.admin.catalogue import ArticleAdmin, ShippingOptionAdmin, ShippingProviderAdmin
from orders.admin.orders import OrderAdmin
from orders.admin.transfers import MoneyTransferAdmin

__all__ = ["ArticleAdmin", "MoneyTransferAdmin", "OrderAdmin", "ShippingOptionAdmin", "ShippingProviderAdmin"]
