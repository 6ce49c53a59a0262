"""The package of the operator's own workspace: every workspace has one, and this one is not sold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import PlatformPackage

INTERNAL_PACKAGE: Final[Mapping[str, Any]] = {
    "name": "Operator",
    "description": "The operator's own workspace; not sold.",
    "status": PlatformPackage.Status.STAGING,
}
