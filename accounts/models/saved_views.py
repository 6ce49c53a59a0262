"""Lists as somebody wants to find them again: a filter, a search, an order and columns under a name."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.querysets import WorkspaceQuerySet

NAME_LENGTH = 60
QUERY_LENGTH = 4_000


class SavedView(models.Model):
    """A view of one list in one workspace: of one person, or shared with all who are in the workspace."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("workspace")
    )
    owner = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="saved_views", verbose_name=_("made by")
    )
    list_name = models.CharField(_("list"), max_length=40)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    query = models.CharField(
        _("query"), max_length=QUERY_LENGTH, blank=True, help_text=_("What follows the address of the list.")
    )
    shared = models.BooleanField(_("shared with the workspace"), default=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "list_name", "name"), condition=models.Q(shared=True), name="saved_view_shared"
            ),
            models.UniqueConstraint(
                fields=("workspace", "list_name", "owner", "name"),
                condition=models.Q(shared=False),
                name="saved_view_own",
            ),
        )

    def __str__(self) -> str:
        return self.name
