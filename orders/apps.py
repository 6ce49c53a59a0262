"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """The SIM shop."""

    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        """Connect the receivers."""
        from orders import receivers  # noqa: F401, PLC0415 - they register themselves
