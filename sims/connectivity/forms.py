"""The form of a message to a device. It reads what was typed; the service decides."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from sims.connectivity.services.messages import DEFAULT_SOURCE, LONGEST


class SmsForm(forms.Form):
    """A message to a device."""

    payload = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Counts as one SMS to the device, and in a factory test against its limit."),
    )
    source_address = forms.CharField(
        label=_("Sender"),
        max_length=20,
        required=False,
        initial=DEFAULT_SOURCE,
        help_text=_("Digits or a name, as the device sees it."),
    )
