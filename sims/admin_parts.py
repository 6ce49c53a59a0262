"""What the pages of SIMs, batches and devices in the admin site share."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from kit.admin.filters import related_filter
from kit.rendering import dash


def workspace_link(workspace: Workspace | None) -> SafeString:
    """Return a link to the page of a workspace, a dash for none."""
    if workspace is None:
        return dash()
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:accounts_workspace_change", args=[workspace.pk]), workspace
    )


WORKSPACE_FILTER = related_filter("workspace", gettext_lazy("Workspace"), "workspace")
