"""Files of devices that are to be created."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from kit.querysets import WorkspaceQuerySet


class DeviceFile(models.Model):
    """A file of devices: uploaded, looked at, confirmed, and what came of it."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Not created yet")
        RUNNING = "running", _("Creating devices")
        DONE = "done", _("Done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="device_files")
    state = models.CharField(max_length=10, choices=State.choices, default=State.UPLOADED)
    user_id = models.BigIntegerField(help_text="Who uploaded it.")
    content = models.BinaryField(default=b"", help_text="The file while it is needed.")
    name = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict, help_text="What holds for lines that leave it out, and the SIMs' state.")
    job_id = models.UUIDField(null=True, help_text="The job that does it; none for what is done within a request.")
    total = models.PositiveIntegerField(default=0)
    made = models.JSONField(default=list, help_text="Ids of the devices that were created.")
    refused = models.JSONField(default=list, help_text="Lines that were refused: line, column, reason.")
    created = models.DateTimeField(default=timezone.now, db_index=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or str(self.pk)
