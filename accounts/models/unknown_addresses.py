"""Sign-ins with addresses that have no account."""

from __future__ import annotations

from django.db import models


class UnknownAddress(models.Model):
    """Failures of an address without an account, counted like those of an account so that the two answer the same.

    The address itself is not kept: whoever mistypes their own leaves no personal data.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    last_tried = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Unknown address {self.digest[:8]}"
