"""What a list offers to do with selected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BulkAction:
    """A button of the bulk bar.

    Args:
        name: short name, unique in the bar.
        label: the verb.
        url: address that takes the confirmed action; `preview/` is added for the dialog.
        icon: name of a lucide icon.
        danger: drawn as destructive.
        refusal: why it can't be done to the one object whose page shows it; the button is there and disabled.
    """

    name: str
    label: Any
    url: str
    icon: str = ""
    danger: bool = False
    refusal: Any = ""

    @property
    def preview_url(self) -> str:
        return f"{self.url}preview/"
