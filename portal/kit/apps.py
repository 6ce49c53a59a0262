"""The app configuration of the kit."""

from django.apps import AppConfig


class KitConfig(AppConfig):
    """Installed, because `Job` rows are its own; everything else in it is plain code."""

    name = "portal.kit"
    label = "kit"
    verbose_name = "Kit"
