"""Bulk actions that are asked for now and done at a moment to come."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.models import Job
from kit.querysets import WorkspaceQuerySet


class ScheduledAction(models.Model):
    """A bulk action that waits for its moment. What it is, for whom, and with which objects stands in its job."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        BEGUN = "begun", _("Begun")
        CANCELED = "canceled", _("Canceled")
        FAILED = "failed", _("Not carried out")

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="scheduled")
    count = models.PositiveIntegerField(help_text="Objects, fixed when it was asked for.")
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    ended_at = models.DateTimeField(null=True, help_text="When it stopped waiting.")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled action")
        verbose_name_plural = _("scheduled actions")
        indexes = (
            models.Index(fields=("due_at",), name="scheduled_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=("workspace", "state", "due_at"), name="scheduled_ws_state"),
        )

    def __str__(self) -> str:
        return f"Scheduled action {self.pk}"


class ScheduledObject(models.Model):
    """A SIM or device that a scheduled action is about, so that its page can tell of it."""

    action = models.ForeignKey(ScheduledAction, on_delete=models.CASCADE, related_name="objects_of")
    noun = models.CharField(max_length=10, choices=(("sims", _("SIM")), ("devices", _("Device"))))
    object_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("object of a scheduled action")
        verbose_name_plural = _("objects of scheduled actions")
        constraints = (models.UniqueConstraint(fields=("object_id", "noun", "action"), name="scheduled_object_unique"),)

    def __str__(self) -> str:
        return f"{self.noun} {self.object_id}"
