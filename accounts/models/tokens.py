"""Keys of programs: application tokens."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from accounts.models.workspaces import Workspace
from accounts.permissions import Role
from kit.querysets import WorkspaceQuerySet


class ApplicationToken(models.Model):
    """A program's key to one workspace; its value is shown once and kept as a hash (`docs/rules.md` section 10)."""

    class Status(models.IntegerChoices):
        ACTIVATED = 0, _("Activated")
        REVOKED = 1, _("Revoked")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="application_tokens")
    description = models.CharField(_("description"), max_length=200, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ACTIVATED)
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    creator = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expiry_date = models.DateTimeField(_("expires"), null=True, blank=True)
    ip = models.CharField(_("address range"), max_length=49, blank=True, help_text=_("CIDR, e.g. 192.0.2.0/24."))
    ended = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    """When it was revoked or its date was over; empty for what ended before this was kept."""
    last_used = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("application token")
        verbose_name_plural = _("application tokens")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("expiry_date",), name="token_expiry", condition=models.Q(status=0)),  # Activated
        )

    def __str__(self) -> str:
        return self.description or str(_("Application token %(id)s") % {"id": self.pk})

    @property
    def expired(self) -> bool:
        """Tell whether it ended by its date, and not by somebody."""
        if self.status == self.Status.ACTIVATED:
            return False
        return self.ended is not None and self.expiry_date is not None and self.ended >= self.expiry_date
