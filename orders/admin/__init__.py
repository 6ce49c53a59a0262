"""Pages of the admin site for the SIM shop."""

from orders.admin.catalogue import ArticleAdmin, ShippingOptionAdmin, ShippingProviderAdmin
from orders.admin.orders import OrderAdmin

__all__ = ["ArticleAdmin", "OrderAdmin", "ShippingOptionAdmin", "ShippingProviderAdmin"]
