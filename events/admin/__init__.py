"""Pages of the admin site for the log."""

from events.admin.events import EventAdmin
from events.admin.persons import FrozenPersonAdmin, RetentionReceiptAdmin

__all__ = ["EventAdmin", "FrozenPersonAdmin", "RetentionReceiptAdmin"]
