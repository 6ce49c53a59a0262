"""Which SIMs are charged in a month although they are not Activated any more (`docs/rules.md` section 1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DepartedSim(models.Model):
    """A SIM that was Activated in a workspace and left it: the workspace is charged for it until the month ends.

    What a SIM owes where it is stands in its own row; this is what it owes where it was. Plain ids: the SIM is
    another workspace's by now.
    """

    workspace_id = models.BigIntegerField()
    sim_id = models.BigIntegerField()
    active_until = models.DateTimeField(help_text="The last moment at which it was Activated there.")

    class Meta:
        verbose_name = _("SIM that left")
        verbose_name_plural = _("SIMs that left")
        indexes = (models.Index(fields=("workspace_id", "active_until"), name="departed_ws_until"),)
        constraints = (models.UniqueConstraint(fields=("sim_id", "workspace_id"), name="departed_unique"),)

    def __str__(self) -> str:
        return f"SIM {self.sim_id} of workspace {self.workspace_id}"
