"""The admin site as an installed app: `INSTALLED_APPS` names this in place of `django.contrib.admin`."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "portal.admin_site.PortalAdminSite"
