"""Support access: operator staff in a customer's workspace, in place of one of its users."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.querysets import WorkspaceQuerySet


class SupportAccess(models.Model):
    """Staff entered a workspace in place of a user, for a reason (events 13 and 10042)."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="support_accesses", verbose_name=_("workspace")
    )
    staff = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("operator staff")
    )
    acted_for = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("acted for")
    )
    reason = models.CharField(_("reason"), max_length=300)
    started = models.DateTimeField(_("started"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("ends at the latest"))
    ended = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("support access")
        verbose_name_plural = _("support accesses")
        ordering = ("-id",)
        indexes = (models.Index(fields=("workspace", "started"), name="support_access_started"),)
        constraints = (
            models.UniqueConstraint(
                fields=("staff",), condition=models.Q(ended__isnull=True), name="support_access_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"Support access {self.pk} to workspace {self.workspace_id}"
