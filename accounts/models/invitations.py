"""Invitations of people into workspaces."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Role
from kit.querysets import WorkspaceQuerySet


class Invitation(models.Model):
    """Somebody is asked to join a workspace; open until it is accepted or withdrawn, and usable until it expires.

    Name and address are what the inviting person typed: of an account that exists already, its own name is nobody
    else's business before it has joined.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("workspace")
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("invited account")
    )
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    inviter = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent = models.DateTimeField(_("last sent"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("expires"))
    number = models.PositiveSmallIntegerField(default=1, editable=False)
    """Times it was sent: only the link of the latest mail is good."""
    accepted = models.DateTimeField(_("accepted"), null=True, blank=True, editable=False)
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "user"),
                condition=models.Q(accepted__isnull=True, withdrawn__isnull=True),
                name="invitation_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"Invitation {self.pk}"

    @property
    def is_open(self) -> bool:
        """Tell whether the invitation was neither accepted nor withdrawn."""
        return self.accepted is None and self.withdrawn is None

    def expired(self, now: datetime) -> bool:
        """Tell whether its link no longer works because of its age."""
        return self.expires <= now
