"""By which digits a SIM is found among a million, whichever part of its numbers somebody has in hand."""

from __future__ import annotations

from django.db import models


class SimNumbers(models.Model):
    """The numbers of a SIM in one text: ICCID as printed, IMSI, MSISDN and EID, with spaces between.

    A table of its own: PostgreSQL indexes the text by its trigrams, and such an index on the SIMs themselves would
    have to be written with every change of a state. The numbers never change, so neither does a row.
    """

    sim_id = models.BigIntegerField(primary_key=True)
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Numbers of SIM {self.sim_id}"
