"""Imports of SIMs: under way, ended, and what came of each."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sims.models.batches import SimBatch


class SimImport(models.Model):
    """A file of SIMs that is put into a batch. Until it is done, nobody sees the SIMs that are written for it."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Checking the file")
        WRITING = "writing", _("Writing SIMs")
        UNDOING = "undoing", _("Removing what was written")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        CANCELED = "canceled", _("Canceled")
        FAILED = "failed", _("Failed")

    batch = models.ForeignKey(SimBatch, on_delete=models.PROTECT, related_name="imports", verbose_name=_("batch"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CHECKING)
    ends_as = models.CharField(max_length=10, choices=State.choices, blank=True, help_text="What UNDOING leads to.")
    file = models.BinaryField(default=b"", help_text="The file while it is needed.")
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    ignore_unknown = models.BooleanField(default=False, help_text="Whether columns that mean nothing are left out.")
    job_id = models.UUIDField(null=True, help_text="The job that does it; none for what is done within a request.")
    written = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(_("SIMs"), default=0)
    errors = models.JSONField(default=list, help_text="What is wrong in the file: line, column, message.")
    notices = models.JSONField(default=list, help_text="What is odd and was imported all the same.")
    created = models.DateTimeField(_("created"), default=timezone.now)
    done = models.DateTimeField(_("done"), null=True, help_text="Since when its SIMs are there.")
    ended = models.DateTimeField(_("ended"), null=True, help_text="Since when nothing happens any more.")

    class Meta:
        default_permissions = ()
        verbose_name = _("SIM import")
        verbose_name_plural = _("SIM imports")
        ordering = ("-id",)
        indexes = (models.Index(fields=("id",), name="sim_import_open", condition=models.Q(done__isnull=True)),)

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.file_name}"
