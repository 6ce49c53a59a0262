"""How far a factory test is: what is used of its limits, and when its period ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Workspace
from kit.rendering import number, volume


@dataclass(frozen=True, slots=True)
class TestProgress:
    """A factory test that runs.

    Args:
        data, most_data: bytes used and allowed.
        sms, most_sms: messages used and allowed.
        ends: when the period is over.
    """

    data: int
    most_data: int
    sms: int
    most_sms: int
    ends: datetime

    def days_left(self, now: datetime) -> int:
        """Return the days until the period is over, one that has begun counted whole."""
        return max(0, math.ceil((self.ends - now) / timedelta(days=1)))

    @property
    def data_text(self) -> str:
        """What is used of the data: "25.4 of 100 KB", with both units where they differ."""
        used, unit = volume(self.data).split("\u00a0")
        most, most_unit = volume(self.most_data).split("\u00a0")
        if unit != most_unit and self.data:
            return _("%(used)s of %(most)s") % {"used": f"{used}\u00a0{unit}", "most": f"{most}\u00a0{most_unit}"}
        return _("%(used)s of %(most)s") % {"used": used, "most": f"{most}\u00a0{most_unit}"}

    @property
    def sms_text(self) -> str:
        """What is used of the messages: "3 of 10 SMS"."""
        return _("%(used)s of %(most)s SMS") % {"used": number(self.sms), "most": number(self.most_sms)}

    @property
    def ends_text(self) -> str:
        """When the period ends: "ends 3 March 2027"."""
        return _("ends %(day)s") % {"day": date_format(timezone.localtime(self.ends), "j F Y")}

    @property
    def text(self) -> str:
        """All of it in one line."""
        return ", ".join((self.data_text, self.sms_text, self.ends_text))


def progress(
    tested_bytes: int, tested_sms: int, since: datetime | None, workspace: Workspace, now: datetime
) -> TestProgress:
    """Return how far a test is. No query.

    Args:
        tested_bytes, tested_sms: what the SIM has used in its test.
        since: when the test began; now where that is not known.
        workspace: who allows how much.
        now: aware.
    """
    return TestProgress(
        data=min(tested_bytes, workspace.factory_test_bytes),
        most_data=workspace.factory_test_bytes,
        sms=min(tested_sms, workspace.factory_test_sms),
        most_sms=workspace.factory_test_sms,
        ends=(since or now) + timedelta(days=workspace.factory_test_days),
    )
