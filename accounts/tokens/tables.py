"""The table of application tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import token_label
from accounts.models import ApplicationToken
from accounts.permissions import Role
from kit.rendering import badge, bdi, when
from kit.tables import ListColumn, ListTable


def _muted(text: str) -> SafeString:
    return format_html('<span class="muted">{}</span>', text)


class TokenTable(ListTable):
    """Application tokens of a workspace. A row holds the `token`, its shown `name`, and whether it `works`."""

    caption = gettext_lazy("Application tokens")
    region = gettext_lazy("Table of application tokens")

    description = ListColumn(gettext_lazy("Description"), classes="wrap", heads_row=True)
    state = ListColumn(gettext_lazy("State"))
    role = ListColumn(gettext_lazy("Role"))
    created = ListColumn(gettext_lazy("Created"), moment=True)
    last_used = ListColumn(gettext_lazy("Last used"), moment=True)
    expires = ListColumn(gettext_lazy("Expires"), moment=True)
    ip = ListColumn(gettext_lazy("Address range"), classes="mono")
    actions = ListColumn(gettext_lazy("Actions"), classes="row-actions", silent=True)

    def render_description(self, record: dict[str, Any]) -> SafeString:
        """Draw the name and the id by which the log knows the token."""
        return format_html('{} <span class="muted num">(ID {})</span>', bdi(record["name"]), record["token"].pk)

    def render_state(self, record: dict[str, Any]) -> SafeString:
        """Draw whether it works, and why not."""
        if record["works"]:
            return badge(_("Active"), "good")
        token: ApplicationToken = record["token"]
        if token.status == ApplicationToken.Status.ACTIVATED or token.expired:
            return badge(_("Expired"), "warn")
        return badge(_("Revoked"), "muted")

    def render_role(self, record: dict[str, Any]) -> str:
        """Draw what its holder may do."""
        return str(Role(record["token"].role).label)

    def render_created(self, record: dict[str, Any]) -> SafeString:
        """Draw when it was made, and by whom."""
        token: ApplicationToken = record["token"]
        if token.creator is None:
            return when(token.created)
        return when(token.created) + format_html(
            '<span class="small muted below"> {} (ID {})</span>', bdi(token.creator.name), token.creator_id
        )

    def render_last_used(self, record: dict[str, Any]) -> SafeString:
        """Draw when a program signed in with it last."""
        moment: dt.datetime | None = record["token"].last_used
        return when(moment) if moment else _muted(_("Never"))

    def render_expires(self, record: dict[str, Any]) -> SafeString:
        """Draw until when it works."""
        moment: dt.datetime | None = record["token"].expiry_date
        return when(moment) if moment else _muted(_("No end"))

    def render_ip(self, record: dict[str, Any]) -> SafeString | str:
        """Draw from where it may be used."""
        return record["token"].ip or _muted(_("Any"))

    def render_actions(self, record: dict[str, Any]) -> SafeString | str:
        """Draw the button that revokes it."""
        if not record["works"]:
            return ""
        token: ApplicationToken = record["token"]
        url = reverse("accounts:integrations_revoke", args=[token.workspace_id, token.pk])
        return format_html(
            '<a class="button button--small button--danger" href="{}" hx-get="{}" hx-target="#dialog-body">{}'
            '<span class="visually-hidden"> {}</span></a>',
            url,
            url,
            _("Revoke"),
            bdi(token_label(record["name"], token.pk)),
        )
