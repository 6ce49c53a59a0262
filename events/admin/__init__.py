"""Pages of the admin site for the log."""

from events.admin.events import EventAdmin
from events.admin.persons import FrozenPersonAdmin, RetentionReceiptAdmin
from events.admin.replay import ReplayCheckAdmin
from events.admin.seals import SealCheckAdmin

__all__ = ["EventAdmin", "FrozenPersonAdmin", "ReplayCheckAdmin", "RetentionReceiptAdmin", "SealCheckAdmin"]
