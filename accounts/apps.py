"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, workspaces and what they may do."""

    name = "accounts"
    verbose_name = _("People and workspaces")
