"""The demo: an invented operator with its customers, and a month of their work done through the real services.

`load` is what `manage.py seed_demo` calls. `master_data` says who there is, the other modules what they did.
"""

from portal.demo.loader import Account, Demo, DemoWorkspace, load
from portal.demo.upkeep import ForeignDatabase

__all__ = ["Account", "Demo", "DemoWorkspace", "ForeignDatabase", "load"]
