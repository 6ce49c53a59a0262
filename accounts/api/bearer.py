"""Who calls: the token of a request, checked and counted."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from accounts import tokens
from accounts.models import User
from portal.kit.api import limits
from portal.kit.errors import Forbidden


class ApiRequest(HttpRequest):
    """A request that has authenticated; for type checkers, Django makes a plain one."""

    auth: tokens.Bearer


class BearerAuth(HttpBearer):
    """`Authorization: Bearer <auth_token>`, and nothing else: a session's cookie opens nothing here."""

    def __call__(self, request: HttpRequest) -> tokens.Bearer:
        """Bind the actor and return who calls. Raises TokenRefused, or WireError for a call too many."""
        bearer = tokens.authenticate_bearer(request.headers.get("Authorization", ""))
        limits.check_organisation(request.path, bearer.workspace.pk)
        return bearer

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Bearer:
        """Return who calls; the interface of the base class."""
        return tokens.authenticate_bearer(f"Bearer {token}")


def person_of(request: ApiRequest) -> User:
    """Return the user whose token it is.

    Raises:
        Forbidden: an application token, which is nobody's.
    """
    if request.auth.user is None:
        raise Forbidden("Application tokens have no user; sign in as one.", permission="user")
    return request.auth.user
