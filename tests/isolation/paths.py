"""Every path of the portal, and which ids its parameters take. A path that is not here fails the isolation test.

A new path is added to `KNOWN`, a new parameter to `world.World.values`. Parameters in `SHARED` name what belongs to
nobody's workspace; every other one gets an id of Acme's and must open nothing to strangers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

SHARED: Final = frozenset(
    {
        "action",
        "kind",
        "article_id",
        "country_id",
        "key",
        "link_secret",
        "list_name",
        "operator_id",
        "role_id",
        "service_id",
        "uidb36",
        "what",
        # A sealed log is read by anybody who knows its address, which nobody can guess.
        "token",
        "level",
        "place",
    }
)

OPEN_TO_NOBODY: Final = frozenset(
    {
        "",
        "healthz",
        "readyz",
        # Only without a mail server and to the machine itself; in tests that is everybody.
        "outbox/",
        "accounts/login/",
        "accounts/logout/",
        "accounts/activation/",
        "accounts/join/",
        "accounts/invitation/<str:link_secret>/",
        "accounts/password/reset/",
        "accounts/password/reset/done/",
        "accounts/password/reset/key/<uidb36>-<key>/",
        "accounts/password/reset/key/done/",
        "accounts/signup/",
        "accounts/second-factor/",
        "accounts/verify/",
        "accounts/verify/<str:link_secret>/",
        "accounts/verification-sent/",
        # Hashes and signatures: they tell how many events there are, and not whose.
        "seals/keys",
        "seals/<slug:token>/checkpoint",
        "seals/<slug:token>/tile/<int:level>/<path:place>",
        "api/openapi.json",
        "api/docs",
        # 204 whether there is an account or not.
        "api/v1/user/activation_resend",
    }
)
"""What answers somebody who has not signed in, and holds nothing of any workspace."""

_WORKSPACE: Final = """
    search/
    views/<slug:list_name>/
    views/<slug:list_name>/save/
    views/<slug:list_name>/<int:view_id>/
    views/<slug:list_name>/<int:view_id>/delete/
    views/<slug:list_name>/<int:view_id>/default/
    settings/
    settings/permissions/
    settings/requests/
    settings/users/
    settings/users/invite/
    settings/users/<int:user_id>/role/
    settings/users/<int:user_id>/remove/
    settings/users/<int:user_id>/second-factor/
    settings/users/invitations/<int:invitation_id>/resend/
    settings/users/invitations/<int:invitation_id>/withdraw/
    settings/leave/
    settings/package/
    settings/package/<int:package_id>/
    settings/package/plans/
    settings/package/activations/
    settings/support/
    settings/seals/
    settings/seals/consistency/
    settings/seals/export/
    integrations/
    integrations/<int:token_id>/revoke/
    sims/
    sims/export/
    sims/register/
    sims/<int:sim_id>/
    sims/<int:sim_id>/assign/
    sims/<int:sim_id>/usage/
    sims/bulk/transfer/preview/
    sims/bulk/transfer/run/
    sims/bulk/<slug:action>/
    sims/bulk/<slug:action>/preview/
    sims/bulk/<slug:action>/listed/
    sims/bulk/<slug:action>/run/
    devices/
    devices/export/
    orders/export/
    settings/users/export/
    devices/create/
    devices/file/
    devices/file/template.csv
    devices/file/<uuid:file_id>/
    devices/file/<uuid:file_id>/csv/
    devices/free-sims/
    devices/<int:device_id>/
    devices/<int:device_id>/edit/
    devices/<int:device_id>/assign/
    devices/<int:device_id>/release/
    devices/<int:device_id>/connection/
    devices/<int:device_id>/connection/line/
    devices/<int:device_id>/sms/
    devices/<int:device_id>/usage/
    devices/bulk/<slug:action>/
    devices/bulk/<slug:action>/preview/
    devices/bulk/<slug:action>/listed/
    devices/bulk/<slug:action>/run/
    results/
    results/running/
    results/<uuid:job_id>/
    results/<uuid:job_id>/progress/
    results/<uuid:job_id>/cancel/
    results/<uuid:job_id>/csv/
    results/<uuid:job_id>/reversal/
    policies/
    policies/<slug:kind>/create/
    policies/<slug:kind>/<int:policy_id>/
    policies/<slug:kind>/<int:policy_id>/delete/
    orders/
    orders/shop/
    orders/shop/details/
    orders/shop/payment/
    orders/shop/confirm/
    orders/<int:order_id>/
    orders/<int:order_id>/pay/
    orders/<int:order_id>/cancel/
    orders/<int:order_id>/register/
    orders/<int:order_id>/invoice/
    events/
    events/embedded/
    events/recent/
    events/newer/
    events/unfold/
    events/order/<int:order_id>/
    events/then/
    events/then/users/
    events/then/sims/<int:sim_id>/
    events/then/devices/<int:device_id>/
    events/export/
    events/<int:event_id>/
    events/<int:event_id>/reverse/
    events/requests/<uuid:request_id>/reverse/
    events/<int:event_id>/proof/
    events/<int:event_id>/proof/download/
"""

_API: Final = """
    openapi.json
    v1/authenticate
    v1/authenticate/workspace
    v1/application_token
    v1/application_token/<token_id>
    v1/organisation/my
    v1/organisation/status
    v1/organisation/<organisation_id>
    v1/tariff_plan/active
    v1/organisation/<organisation_id>/tariff_plan/active
    v1/organisation/<organisation_id>/tariff_plan
    v1/tariff
    v1/organisation/<organisation_id>/inclusive_volume
    v1/organisation/<organisation_id>/inclusive_volume/<inclusive_volume_id>
    v1/organisation/<organisation_id>/tariff
    v1/user/mfa/status
    v1/user/mfa/type
    v1/user/mfa
    v1/user/mfa/<key_id>
    v1/user
    v1/user/status
    v1/user/activation
    v1/user/activation_resend
    v1/user/password
    v1/user/role
    v1/user/<user_id>
    v1/user/<user_id>/role/<role_id>
    v1/user/<user_id>/role/permission
    v1/user/<user_id>/mfa/trusted_device
    v1/user/<user_id>/mfa/trusted_device/<device_id>
    v1/user/<user_id>/mfa/<key_id>
    v2/user/<user_id>
    v2/user/invitation
    v2/user/activation
    v2/user/<user_id>/support_token
    v2/workspace/stats/daily
    v2/user/<user_id>/workspace
    v2/user/<user_id>/workspace/<workspace_id>
    v2/user/<user_id>/workspace/<workspace_id>/role/<role_id>
    v2/user/<user_id>/default_organisation/<workspace_id>
    v1/event
    v1/event/type
    v1/sim/<sim_id>/event
    v1/endpoint/<endpoint_id>/event
    v1/user/<user_id>/event
    v1/organisation/<organisation_id>/event
    v1/usage
    v1/events/ingest
    v1/operator
    v1/operator/<operator_id>
    v1/country
    v1/country/<country_id>
    v1/organisation/<organisation_id>/stats
    v1/organisation/<organisation_id>/stats/daily
    v1/organisation/<organisation_id>/stats/hourly
    v1/sim/migration/workspace
    v1/sim
    v1/sim/status
    v1/sim/<sim_id>
    v1/sim/multi
    v1/sim/<sim_id>/stats
    v1/sim/<sim_id>/stats/daily
    v1/sim_batch/bic/<bic>
    v1/endpoint
    v1/endpoint/status
    v1/endpoint/<endpoint_id>
    v1/endpoint/<endpoint_id>/connectivity
    v1/endpoint/<endpoint_id>/connectivity_info
    v1/endpoint/<endpoint_id>/operator_blacklist
    v1/endpoint/<endpoint_id>/operator_blacklist/<operator_id>
    v1/endpoint/<endpoint_id>/sms
    v1/endpoint/<endpoint_id>/sms/<sms_id>
    v1/endpoint/<endpoint_id>/stats
    v1/endpoint/<endpoint_id>/stats/daily
    v2/endpoint/multi
    v1/service_profile
    v1/service_profile/<profile_id>
    v1/service_profile/<profile_id>/service/<service_id>
    v1/tariff_profile
    v1/tariff_profile/<profile_id>
    v1/tariff_profile/<profile_id>/inclusive_volume
    v1/tariff_profile/<profile_id>/inclusive_volume/<inclusive_volume_id>
    v1/tariff_profile/<profile_id>/coverage
    v1/tariff_profile/<profile_id>/ratezone_selection/<ratezone_id>
    v2/tariff_profile/<profile_id>/operator_blocklist
    v2/tariff_profile/<profile_id>/operator_blocklist/<operator_id>
    v1/shop/article
    v1/shop/article/<article_id>
    v1/shop/product
    v1/shop/shipping_option
    v1/shop/shipping_provider
    v1/shop/order
    v1/shop/order/status
    v1/shop/order/precalculate
    v1/shop/order/<order_id>
    v1/shop/order/<order_id>/invoice
    v1/order/<order_id>
"""

KNOWN: Final = frozenset(
    {
        *OPEN_TO_NOBODY,
        "preferences/",
        "workspaces/",
        "support/<int:visited_id>/",
        "support/end/",
        "account/",
        "account/security/",
        "account/security/set-up/",
        "account/security/codes/",
        "account/security/codes/new/",
        "account/security/remove/",
        "account/security/devices/forget/",
        "account/security/devices/<int:trusted_id>/forget/",
        "account/sessions/",
        "account/sessions/end/",
        "account/sessions/<int:session_id>/end/",
        "w/<int:workspace_id>/",
        *(f"w/<int:workspace_id>/{path}" for path in _WORKSPACE.split()),
        "api/",
        *(f"api/{path}" for path in _API.split()),
    }
)


def all_paths() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every path with the names of its parameters; those of the admin site too."""
    yield from _walk(get_resolver().url_patterns, "", ())


def _walk(patterns: Any, prefix: str, names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        own = tuple(getattr(pattern.pattern, "converters", {}))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, prefix + str(pattern.pattern), names + own)
        elif isinstance(pattern, URLPattern):
            yield prefix + readable(pattern), names + own


def readable(pattern: URLPattern) -> str:
    """Return a route as it is listed here; a regular expression with its groups as parameters."""
    text = str(pattern.pattern)
    if not hasattr(pattern.pattern, "converters") or "(?P<" in text:
        for name in pattern.pattern.regex.groupindex:
            start = text.index(f"(?P<{name}>")
            end = text.index(")", start)
            text = f"{text[:start]}<{name}>{text[end + 1 :]}"
        text = text.strip("^$")
    return text
