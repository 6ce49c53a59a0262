"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SimsConfig(AppConfig):
    """SIMs, devices and policies."""

    name = "sims"
    verbose_name = _("SIMs and devices")

    def ready(self) -> None:
        """Connect the receivers, and register the tasks, the figures of workspaces and what can be done to many."""
        from sims import receivers, workspace_figures  # noqa: F401, PLC0415 - they register themselves
        from sims.bulk import tasks as scheduled_tasks  # noqa: F401, PLC0415 - they register themselves
        from sims.connectivity import tasks as network_tasks  # noqa: F401, PLC0415 - they register themselves
        from sims.devices import bulk as device_actions  # noqa: F401, PLC0415 - they register themselves
        from sims.devices import saved_views as device_views  # noqa: F401, PLC0415 - it registers itself
        from sims.inventory import bulk as sim_actions  # noqa: F401, PLC0415 - they register themselves
        from sims.inventory import saved_views as sim_views  # noqa: F401, PLC0415 - it registers itself
        from sims.inventory import tasks as import_tasks  # noqa: F401, PLC0415 - they register themselves
        from sims.usage import tasks as factory_test_tasks  # noqa: F401, PLC0415 - they register themselves
