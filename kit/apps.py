"""The app configuration of the kit."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KitConfig(AppConfig):
    """Installed, because `Job` rows are its own; everything else in it is plain code."""

    name = "kit"
    label = "kit"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        """Register the page of waiting mails in the admin site, and how texts are compared."""
        from kit import folding  # noqa: F401, PLC0415 - it registers itself, and needs the app registry
        from kit.admin import mails  # noqa: F401, PLC0415 - it registers itself, and needs the app registry
