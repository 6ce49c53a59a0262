"""Every event type, one module a subject. Importing this package registers them all."""

from events.types import billing, cloud, devices, limits, network, orders, own, quotas, sign_in, users

__all__ = ["billing", "cloud", "devices", "limits", "network", "orders", "own", "quotas", "sign_in", "users"]
