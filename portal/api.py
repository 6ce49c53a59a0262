"""The REST API, mounted at `/api`: the apps' routers under `/v1`, and what all answers have in common.

Every refusal is the wire's error object, also for an unknown path, a wrong method, a body that is no JSON and a
defect of ours. Answers are English whatever the client's language: programs compare them.
"""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, re_path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.parser import Parser
from ninja.types import DictStrAny

import accounts.packages.api
import accounts.people.api.activation
import accounts.people.api.invitations
import accounts.people.api.memberships
import accounts.people.api.second_factors
import accounts.people.api.support_tokens
import accounts.people.api.users
import accounts.tokens.api.application_tokens
import accounts.tokens.api.authenticate
import accounts.workspaces.api
import events.api
import orders.api.articles
import orders.api.orders
import sims.connectivity.api.connectivity
import sims.connectivity.api.feed
import sims.devices.api.endpoints
import sims.devices.api.multi
import sims.inventory.api.migration
import sims.inventory.api.sims
import sims.policies.api.coverage
import sims.policies.api.networks
import sims.policies.api.profiles
import sims.usage.api.records
import sims.usage.api.stats
from accounts.tokens.bearer import BearerAuth
from kit.api import limits
from kit.api.errors import BodyFault, Code, WireError, bad_request, domain_error_response, error_response
from kit.api.idempotency import Replayed
from kit.api.manners import UNAUTHENTICATED, mannered, unknown_path
from kit.api.parsing import parse_json, unpacked
from kit.api.validation import error_of_contexts
from kit.errors import DomainError
from portal import published_api
from portal.api_document import Json, completed

logger = logging.getLogger("django.request")


class JsonParser(Parser):
    """Reads bodies strictly: what is no JSON, or holds what no database can store, is refused."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """Return the body. Raises WireError."""
        coding = request.headers.get("Content-Encoding", "")
        parsed: DictStrAny = parse_json(unpacked(request.body, coding, most=limits.largest(request.path)))
        return parsed


class RequestInvalid(ValidationError):
    """A request that does not fit its types, with the answer it gets."""

    def __init__(self, answer: WireError) -> None:
        super().__init__([])
        self.answer = answer


class PortalAPI(NinjaAPI):
    """Ninja's API with the wire's manners."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._documents: dict[str, Any] = {}

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        """Return every path, and one that catches all others so that they are answered as a program expects.

        What is published and not offered comes first: `/sim/operation` would be taken for a SIM otherwise.
        """
        patterns, app_name, namespace = super().urls
        offered = set()
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                offered.add(re.sub(r"<[^>]+>", "{}", str(pattern.pattern)))
                pattern.callback = mannered(pattern.callback)
        left_out = [
            re_path(
                f"^{re.escape(path).replace(re.escape('{}'), '[^/]+')}$",
                mannered(functools.partial(_left_out, subject)),
            )
            for path, subject in ((path.removeprefix("/api/"), subject) for path, subject in published_api.paths())
            if path not in offered
        ]
        return [*left_out, *patterns, re_path(r"", mannered(unknown_path), name="unknown")], app_name, namespace

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Json | None = None) -> Any:
        """Return the OpenAPI document with examples and headers; callers read it only.

        Making it takes seconds and anybody may ask for it, so a process makes it once for each prefix of its paths.
        """
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._documents:
            document = super().get_openapi_schema(path_prefix=prefix)
            completed(document)
            self._documents[prefix] = document
        return self._documents[prefix]

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> RequestInvalid:
        """Turn pydantic's findings into the wire's."""
        return RequestInvalid(error_of_contexts(error_contexts))


def _left_out(subject: str, request: HttpRequest) -> HttpResponse:
    """Answer a call that emnify publishes and this portal does not offer."""
    text = f"This portal does not offer this call ({subject}). /api/docs lists the calls that it offers."
    return error_response(501, BodyFault(Code.NOT_OFFERED, text))


api = PortalAPI(
    title="Operator portal",
    version="1",
    description="SIMs, devices and events of a workspace; wire-compatible with emnify's REST API v1 and v2.",
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
    auth=BearerAuth(),
    parser=JsonParser(),
)


@api.exception_handler(Replayed)
def _done_before(request: HttpRequest, error: Replayed) -> HttpResponse:
    return error.answer


@api.exception_handler(DomainError)
def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    return domain_error_response(error)


@api.exception_handler(ValidationError)
def _misfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    answer = error.answer if isinstance(error, RequestInvalid) else bad_request("The request does not fit.")
    return domain_error_response(answer)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja wraps what its parser raises; the parser's own error says more.
    cause = error.__cause__
    if isinstance(cause, WireError):
        return domain_error_response(cause)
    code = Code.INVALID_TOKEN if error.status_code == UNAUTHENTICATED else Code.BAD_REQUEST
    return error_response(error.status_code, BodyFault(code, str(error)))


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
    return error_response(413, BodyFault(Code.BAD_REQUEST, f"The body is larger than {megabytes} MB."))


@api.exception_handler(SuspiciousOperation)
def _suspicious(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    return error_response(400, BodyFault(Code.BAD_REQUEST, "The request cannot be read."))


@api.exception_handler(Http404)
def _not_there(request: HttpRequest, error: Http404) -> HttpResponse:
    return unknown_path(request)


@api.exception_handler(Exception)
def _defect(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a defect of ours as Django would: logged, told to whoever listens, and nothing of it in the answer."""
    got_request_exception.send(sender=type(api), request=request)
    logger.error("Internal Server Error: %s", request.path, exc_info=error, extra={"request": request})
    return error_response(500, BodyFault(Code.INTERNAL, "Something went wrong on our side."))


api.add_router("/v1", accounts.tokens.api.authenticate.router)
api.add_router("/v1/application_token", accounts.tokens.api.application_tokens.router)
api.add_router("/v1/organisation", accounts.workspaces.api.router)
api.add_router("/v1", accounts.packages.api.router)
api.add_router("/v1/user/mfa", accounts.people.api.second_factors.router)
api.add_router("/v1/user", accounts.people.api.activation.router)
api.add_router("/v1/user", accounts.people.api.users.router)
api.add_router("/v1/user", accounts.people.api.second_factors.mine)
api.add_router("/v2/user", accounts.people.api.activation.version_2)
api.add_router("/v2/user", accounts.people.api.invitations.invitations)
api.add_router("/v2/user", accounts.people.api.memberships.router)
api.add_router("/v2/user", accounts.people.api.support_tokens.router)
api.add_router("/v2/workspace", sims.usage.api.stats.workspaces)
api.add_router("/v1", events.api.router)
api.add_router("/v1", sims.usage.api.records.router)
api.add_router("/v1", sims.connectivity.api.feed.router)
api.add_router("/v1", sims.policies.api.networks.router)
api.add_router("/v1/organisation", sims.usage.api.stats.organisations)
api.add_router("/v1/sim", sims.inventory.api.migration.router)
api.add_router("/v1/sim", sims.inventory.api.sims.router)
api.add_router("/v1/sim", sims.usage.api.stats.sims)
api.add_router("/v1/sim_batch", sims.inventory.api.sims.batches)
api.add_router("/v1/endpoint", sims.devices.api.endpoints.router)
api.add_router("/v1/endpoint", sims.connectivity.api.connectivity.router)
api.add_router("/v1/endpoint", sims.usage.api.stats.endpoints)
api.add_router("/v2/endpoint", sims.devices.api.multi.router)
api.add_router("/v1/service_profile", sims.policies.api.profiles.service_profiles)
api.add_router("/v1/tariff_profile", sims.policies.api.profiles.tariff_profiles)
api.add_router("/v1/tariff_profile", sims.policies.api.coverage.router)
api.add_router("/v2/tariff_profile", sims.policies.api.coverage.version_2)
api.add_router("/v1/shop", orders.api.articles.router)
api.add_router("/v1/shop/order", orders.api.orders.router)
api.add_router("/v1/order", orders.api.orders.published)
