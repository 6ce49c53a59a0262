"""How a door is tried: what it answers, in one form for pages, the API, commands, services and the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from accounts.people.services.invitations import invite_user, link_secret_of
from accounts.signed_links import LinkRefused
from kit.errors import DomainError
from tests.cast import Cast

Door = Callable[[Cast], Any]
"""Tries one door, and returns its response, or nothing where it raises when it refuses."""

PAGE_OF_A_REFUSAL = 200
"""Pages of the admin site that redirect in any case say the refusal in a message."""


def answer_of(door: Door, cast: Cast) -> str:
    """Try a door and return how it refuses: the code of a refusal, a status, "database", or "open" for one that let in.

    Pages and the API are judged by their status; what was done is for the caller to look at.
    """
    try:
        with transaction.atomic():
            response = door(cast)
    except LinkRefused:
        return "link"
    except DomainError as error:
        return error.code
    except CommandError as error:
        return f"command: {error}"
    except IntegrityError:
        return "database"
    status = getattr(response, "status_code", 200)
    return str(status) if status >= 400 else "open"


def invited(cast: Cast, email: str, *, workspace: Any = None, role: str = "User") -> str:
    """Invite an address into Acme as its owner, and return the secret of the mail's link."""
    with cast.acting(cast.owner):
        invitation = invite_user(
            workspace_id=(workspace or cast.acme).pk,
            email=email,
            name="Nina New",
            role=role,
            link=lambda key: f"/{key}",
        )
    return link_secret_of(invitation)
