"""Columns of the list of people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kit.tables import ListColumn, ListTable


class PeopleTable(ListTable):
    """Users of a workspace."""

    list_name = "people"
    caption = _("Users")
    noun = (_("user"), _("users"))
    row_template = "accounts/_people_rows.jinja"
    tools = "accounts/_people_tools.html"
    # The address stands below the name while it has no column of its own.
    default_columns = ("name", "id", "created", "role", "access", "security")
    default_sort = "name"

    name = ListColumn(_("Name"), sort=("shown_name",), required=True)
    id = ListColumn(_("User ID"), sort=("id",), align="end")
    email = ListColumn(_("E-mail"), sort=("shown_email",))
    created = ListColumn(_("Created"), sort=("shown_created",), moment=True)
    role = ListColumn(_("User role"), sort=("held_role",))
    access = ListColumn(_("Access"), sort=("access",))
    security = ListColumn(_("Account security"), sort=("security",))
    last_seen = ListColumn(_("Last sign-in"), sort=("last_seen",), moment=True)
    actions = ListColumn(_("Actions"), required=True)
