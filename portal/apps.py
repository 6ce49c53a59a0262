"""The app configuration of the root."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The composition: it makes the Celery application the default one and registers the system checks."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Import what registers itself. `shared_task` in the apps binds to the application made in `portal.celery`."""
        from portal import celery, checks, receivers  # noqa: F401, PLC0415  (only once the registry is ready)
