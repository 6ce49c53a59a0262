"""What customers ask of the operator's staff: a new workspace, or a link to one."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.querysets import WorkspaceQuerySet


class WorkspaceRequest(models.Model):
    """A customer asks the operator for a new workspace, or for one to be linked (event 10041)."""

    class Kind(models.TextChoices):
        NEW = "new", _("New workspace")
        LINKED = "linked", _("Link an existing workspace")

    class Status(models.IntegerChoices):
        OPEN = 0, _("Open")
        DONE = 1, _("Done")
        DECLINED = 2, _("Declined")

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="requests", verbose_name=_("main organisation")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    contact_email = models.EmailField(_("contact e-mail"), max_length=254)
    text = models.TextField(_("what is needed"), max_length=2000)
    requester = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.OPEN)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    handled = models.DateTimeField(_("handled"), null=True, blank=True, editable=False)
    handled_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("workspace request")
        verbose_name_plural = _("workspace requests")
        ordering = ("-id",)
        constraints = (
            # One at a time (`docs/rules.md` section 8).
            models.UniqueConstraint(
                fields=("workspace", "kind"), condition=models.Q(status=0), name="workspace_request_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"Request {self.pk} of workspace {self.workspace_id}"
