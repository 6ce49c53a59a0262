"""Rows for work that outlives a request."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """A piece of work and its result; the task that runs it is only a wake-up that carries the id.

    Bulk actions keep their result here too, so that the report with its reasons and its CSV stays readable.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        SCHEDULED = "scheduled", _("Scheduled")
        CANCELED = "canceled", _("Canceled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    workspace_id = models.BigIntegerField(null=True, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    name = models.CharField(max_length=80, blank=True, help_text="What it does, where its kind does many things.")
    title = models.CharField(max_length=200)
    actor = models.JSONField(help_text="Who asked for it: `jobs.freeze_actor`.")
    user_id = models.BigIntegerField(null=True, help_text="The user who may read the result.")
    request_id = models.UUIDField()
    surface = models.PositiveSmallIntegerField()
    arguments = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    counts = models.JSONField(default=dict, help_text="What lists show of the result, which can be long.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    beat = models.DateTimeField(null=True, help_text="Last sign of life of the worker that claimed it.")
    finished = models.DateTimeField(null=True)
    fruitless = models.PositiveSmallIntegerField(default=0, help_text="Attempts since it last got further.")
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("-created",)
        indexes = (
            models.Index(fields=("created",), name="job_open", condition=models.Q(state__in=("queued", "running"))),
            models.Index(fields=("workspace_id", "kind", "created"), name="job_history"),
            models.Index(fields=("request_id",), name="job_request"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class OutgoingMail(models.Model):
    """A mail that is not sent yet: `kit.mail`."""

    to = models.JSONField(help_text="Addresses.")
    subject = models.CharField(max_length=500)
    body = models.TextField()
    created = models.DateTimeField(default=timezone.now)
    next_attempt = models.DateTimeField(default=timezone.now, db_index=True)
    since = models.DateTimeField(default=timezone.now, help_text="When its time began; later, when it is repeated.")
    claimed = models.DateTimeField(null=True, help_text="When somebody last began to send it.")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=100, blank=True, help_text="What went wrong last.")
    given_up = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("mail on its way")
        verbose_name_plural = _("mails on their way")

    def __str__(self) -> str:
        return f"Mail {self.pk}"


class CallCounter(models.Model):
    """Calls counted in the database while Redis is away (`kit.api.counters`)."""

    name = models.CharField(max_length=120, primary_key=True)
    span = models.BigIntegerField(help_text="Number of the span of time that is counted.")
    count = models.BigIntegerField()
    until = models.DateTimeField(db_index=True, help_text="When it may be forgotten.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"


class KeptAnswer(models.Model):
    """The answer to a POST that carried an `Idempotency-Key` (`kit.api.idempotency`)."""

    owner = models.CharField(max_length=64, unique=True, help_text="Hash of the caller and the key.")
    call = models.CharField(max_length=64, help_text="Hash of the whole call.")
    created = models.DateTimeField(default=timezone.now, db_index=True)
    answer = models.BinaryField(null=True, help_text="Encrypted; null while the call is at work.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Answer {self.pk}"


class SavedFilter(models.Model):
    """A long list of filter values, so that a filtered list keeps a short URL (`?iccid=list:<token>`).

    The token is derived from the workspace and the values, so the same list is stored once and a
    token of another workspace finds nothing. `workspace_id` is no foreign key because kit imports nothing
    of ours; 0 stands for staff pages.
    """

    token = models.CharField(max_length=32, unique=True)
    workspace_id = models.BigIntegerField()
    field = models.CharField(max_length=50)
    values = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.field}: {self.token} ({self.workspace_id})"


class SubmittedForm(models.Model):
    """A form that makes something and was carried out, so that the same form sent again makes nothing (`sent_once`)."""

    key = models.CharField(max_length=64, primary_key=True, help_text="Digest of person, address and the form's key.")
    answer = models.JSONField(default=dict, help_text="Status and headers of the answer.")
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
