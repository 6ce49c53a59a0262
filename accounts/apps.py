"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, workspaces and what they may do."""

    name = "accounts"
    verbose_name = _("People and workspaces")

    def ready(self) -> None:
        """Let actions and jobs know who may still act, and register tasks, figures and the database's own guards."""
        from accounts import checks  # noqa: F401, PLC0415 - it registers itself
        from accounts.guards import create_guards, drop_guards  # noqa: PLC0415
        from accounts.operator import keep_operator_workspace  # noqa: PLC0415
        from accounts.packages import tasks as package_tasks  # noqa: F401, PLC0415
        from accounts.queued_actors import as_of_now  # noqa: PLC0415 - needs the app registry
        from accounts.sign_in import tasks as sign_in_tasks  # noqa: F401, PLC0415
        from accounts.standing import require_standing  # noqa: PLC0415
        from accounts.support import tasks  # noqa: F401, PLC0415 - Celery finds no tasks in folders by itself
        from accounts.tokens import tasks as token_tasks  # noqa: F401, PLC0415
        from accounts.workspaces import own_figures  # noqa: F401, PLC0415 - they register themselves
        from kit.action import set_gate  # noqa: PLC0415
        from kit.jobs import set_reviver  # noqa: PLC0415

        set_reviver(as_of_now)
        set_gate(require_standing)
        pre_migrate.connect(drop_guards, sender=self, dispatch_uid="accounts.guards.drop")
        post_migrate.connect(create_guards, sender=self, dispatch_uid="accounts.guards.create")
        post_migrate.connect(keep_operator_workspace, sender=self, dispatch_uid="accounts.operator")
