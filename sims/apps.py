"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SimsConfig(AppConfig):
    """SIMs, devices and policies."""

    name = "sims"
    verbose_name = _("SIMs and devices")

    def ready(self) -> None:
        """Connect the receivers, and register the tasks and the figures of workspaces."""
        from sims import receivers, sms_tasks, workspace_figures  # noqa: F401, PLC0415 - they register themselves
        from sims.usage import tasks as factory_test_tasks  # noqa: F401, PLC0415 - they register themselves
