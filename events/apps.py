"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """The log: it listens to every other app, and none of them knows it."""

    name = "events"
    verbose_name = _("Event log")

    def ready(self) -> None:
        """Register types, handlers, the writer and the database's own guards."""
        from events import checks, guard_checks, registry, saved_views, workspace_figures  # noqa: F401, PLC0415 - they register themselves
        from events.handlers import accounts, network, orders, schedule, sims, trials, workspaces  # noqa: F401, PLC0415 - they register themselves
        from events.replay import tasks as replay_tasks  # noqa: F401, PLC0415 - they register themselves
        from events.reverse import bulk  # noqa: F401, PLC0415 - it registers itself
        from events.seals import mails, tasks  # noqa: F401, PLC0415 - they register themselves
        from events.silence import refuse_silence  # noqa: PLC0415 - needs the app registry
        from events.trigger_state import mend_triggers  # noqa: PLC0415 - needs the app registry
        from events.triggers import make_way  # noqa: PLC0415 - needs the app registry
        from events.writer import write  # noqa: PLC0415 - needs the app registry
        from kit.action import set_check, set_writer  # noqa: PLC0415 - needs the app registry

        set_writer(write)
        set_check(refuse_silence)
        pre_migrate.connect(make_way, sender=self, dispatch_uid="events.triggers")
        # After what other apps make anew in the same round.
        last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
        post_migrate.connect(mend_triggers, sender=last, dispatch_uid="events.triggers")
