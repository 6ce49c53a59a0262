"""The paths of the contract (`docs/api.md`), as a table: what is served, and what is left out on purpose."""

from __future__ import annotations

from typing import Final

SERVED: Final = """
POST /api/v1/authenticate
POST /api/v1/authenticate/workspace
GET /api/v1/application_token
POST /api/v1/application_token
PATCH /api/v1/application_token/{}
GET /api/v1/event
GET /api/v1/event/type
GET /api/v1/endpoint/{}/event
GET /api/v1/sim/{}/event
GET /api/v1/user/{}/event
GET /api/v1/organisation/{}/event
GET /api/v1/sim
GET /api/v1/sim/status
DELETE /api/v1/sim/multi
POST /api/v1/sim/migration/workspace
GET /api/v1/sim/{}
PATCH /api/v1/sim/{}
DELETE /api/v1/sim/{}
GET /api/v1/sim/{}/stats
GET /api/v1/sim/{}/stats/daily
GET /api/v1/sim_batch/bic/{}
PATCH /api/v1/sim_batch/bic/{}
GET /api/v1/endpoint
POST /api/v1/endpoint
GET /api/v1/endpoint/status
GET /api/v1/endpoint/{}
PATCH /api/v1/endpoint/{}
DELETE /api/v1/endpoint/{}
GET /api/v1/endpoint/{}/connectivity
PATCH /api/v1/endpoint/{}/connectivity
GET /api/v1/endpoint/{}/connectivity_info
GET /api/v1/endpoint/{}/operator_blacklist
PUT /api/v1/endpoint/{}/operator_blacklist/{}
DELETE /api/v1/endpoint/{}/operator_blacklist/{}
GET /api/v1/endpoint/{}/sms
POST /api/v1/endpoint/{}/sms
GET /api/v1/endpoint/{}/sms/{}
GET /api/v1/endpoint/{}/stats
GET /api/v1/endpoint/{}/stats/daily
POST /api/v2/endpoint/multi
PATCH /api/v2/endpoint/multi
DELETE /api/v2/endpoint/multi
GET /api/v1/service_profile
POST /api/v1/service_profile
GET /api/v1/service_profile/{}
PATCH /api/v1/service_profile/{}
DELETE /api/v1/service_profile/{}
PUT /api/v1/service_profile/{}/service/{}
DELETE /api/v1/service_profile/{}/service/{}
GET /api/v1/tariff_profile
POST /api/v1/tariff_profile
GET /api/v1/tariff_profile/{}
PATCH /api/v1/tariff_profile/{}
DELETE /api/v1/tariff_profile/{}
GET /api/v1/tariff_profile/{}/inclusive_volume
PUT /api/v1/tariff_profile/{}/inclusive_volume/{}
DELETE /api/v1/tariff_profile/{}/inclusive_volume/{}
PUT /api/v1/tariff_profile/{}/ratezone_selection/{}
DELETE /api/v1/tariff_profile/{}/ratezone_selection/{}
GET /api/v1/tariff_profile/{}/coverage
GET /api/v2/tariff_profile/{}/operator_blocklist
PUT /api/v2/tariff_profile/{}/operator_blocklist/{}
DELETE /api/v2/tariff_profile/{}/operator_blocklist/{}
GET /api/v1/tariff_plan/active
GET /api/v1/tariff
GET /api/v1/operator
GET /api/v1/operator/{}
GET /api/v1/country
GET /api/v1/country/{}
GET /api/v1/organisation/my
GET /api/v1/organisation/status
GET /api/v1/organisation/{}
GET /api/v1/organisation/{}/tariff_plan
GET /api/v1/organisation/{}/tariff_plan/active
GET /api/v1/organisation/{}/inclusive_volume
PUT /api/v1/organisation/{}/inclusive_volume/{}
PATCH /api/v1/organisation/{}/tariff
GET /api/v1/organisation/{}/stats
GET /api/v1/organisation/{}/stats/daily
GET /api/v1/organisation/{}/stats/hourly
GET /api/v2/workspace/stats/daily
GET /api/v1/user
POST /api/v1/user
GET /api/v1/user/status
GET /api/v1/user/role
POST /api/v1/user/activation
POST /api/v1/user/activation_resend
POST /api/v2/user/activation
PATCH /api/v1/user/password
POST /api/v2/user/{}/support_token
GET /api/v1/user/{}
PATCH /api/v1/user/{}
DELETE /api/v1/user/{}
PUT /api/v1/user/{}/role/{}
DELETE /api/v1/user/{}/role/{}
GET /api/v1/user/{}/role/permission
GET /api/v1/user/mfa/status
GET /api/v1/user/mfa/type
POST /api/v1/user/mfa
PATCH /api/v1/user/mfa/{}
DELETE /api/v1/user/{}/mfa/{}
GET /api/v1/user/{}/mfa/trusted_device
DELETE /api/v1/user/{}/mfa/trusted_device
GET /api/v1/user/{}/mfa/trusted_device/{}
DELETE /api/v1/user/{}/mfa/trusted_device/{}
POST /api/v2/user/invitation
DELETE /api/v2/user/{}
GET /api/v2/user/{}/workspace
PATCH /api/v2/user/{}/workspace/{}
DELETE /api/v2/user/{}/workspace/{}
PUT /api/v2/user/{}/workspace/{}/role/{}
DELETE /api/v2/user/{}/workspace/{}/role/{}
PUT /api/v2/user/{}/default_organisation/{}
"""

OWN: Final = """
POST /api/v1/usage
POST /api/v1/events/ingest
"""
"""Ours, beside the contract."""

LEFT_OUT: Final = """
GET /api/v1/event/alerts_pending                       only named in an old list of limits
GET /api/v1/event/custom/configuration                 custom events
GET /api/v1/automation                                 automations
GET /api/v1/endpoint/{}/quota/data                     quotas
GET /api/v1/endpoint/{}/traffic_limit_extension        quotas
PUT /api/v1/service_profile/{}/traffic_limit           quotas
DELETE /api/v1/service_profile/{}/quota/{}             quotas
GET /api/v2/data_stream                                data streams
GET /api/v1/api_callback                               api_callback
GET /api/v1/api_secret                                 api_secret
"""
"""In the contract, not served, and why: all but the first are parts that the portal does not have yet."""


def rows(table: str) -> set[tuple[str, str]]:
    """Return method and path of each line."""
    lines = (line.split(maxsplit=2) for line in table.splitlines() if line.strip())
    return {(line[0], line[1]) for line in lines}
