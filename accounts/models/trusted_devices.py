"""What a person signs in from and has called trusted."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TrustedDevice(models.Model):
    """A browser or program that is not asked for a second factor until it expires (`docs/rules.md` section 17).

    It is known by a secret of its own, a browser's cookie or the fingerprint a program sends, kept as a keyed hash.
    """

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="trusted_devices", verbose_name=_("user")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100, blank=True)
    operating_system = models.CharField(_("operating system"), max_length=100, blank=True)
    browser = models.CharField(_("browser"), max_length=100, blank=True)
    created = models.DateTimeField(_("trusted since"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("trusted until"))
    last_used = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("trusted device")
        verbose_name_plural = _("trusted devices")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Trusted device {self.pk} of user {self.user_id}"
