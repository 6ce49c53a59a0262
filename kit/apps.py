"""The app configuration of the kit."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KitConfig(AppConfig):
    """Installed, because `Job` rows are its own; everything else in it is plain code."""

    name = "kit"
    label = "kit"
    verbose_name = _("Delivery")
