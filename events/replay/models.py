"""The results of comparing log and tables."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ReplayCheck(models.Model):
    """One comparison of what the log says is so with what the tables hold, over all workspaces."""

    started = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True)
    step = models.PositiveIntegerField(default=0, help_text="Pieces done; whoever does the next one counts it up.")
    position = models.JSONField(default=dict, help_text="Where the next piece begins; empty when there is none.")
    only_id = models.BigIntegerField(null=True, help_text="The one workspace that is compared, if not all.")
    objects_compared = models.BigIntegerField(default=0)
    untold = models.BigIntegerField(default=0, help_text="Fields that the log can't tell.")
    broken = models.BigIntegerField(default=0, help_text="Events that do not fit those before them.")
    found = models.BigIntegerField(default=0, help_text="Differences.")
    findings = models.JSONField(default=list, help_text="The first of them: key and sentence each.")

    class Meta:
        verbose_name = _("comparison of log and tables")
        verbose_name_plural = _("comparisons of log and tables")
        default_permissions = ("view",)
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Comparison {self.pk}"
