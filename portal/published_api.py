"""The calls that emnify's published description of its REST API has (2026), by subject.

A fact about somebody else's product, kept as a table: `portal.api_table` holds it against what this portal answers.
`{}` stands for an id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

PUBLISHED: Final[Mapping[str, str]] = {
    "Sign-in and second factor": """
/api/v1/authenticate POST
/api/v1/authenticate/workspace POST
/api/v1/user/mfa POST
/api/v1/user/mfa/status GET
/api/v1/user/mfa/type GET
/api/v1/user/mfa/{} PATCH
/api/v1/user/{}/mfa/trusted_device GET
/api/v1/user/{}/mfa/trusted_device/{} DELETE
/api/v1/user/{}/mfa/{} DELETE
""",
    "Application tokens": """
/api/v1/application_token GET POST
/api/v1/application_token/{} PATCH
""",
    "Events": """
/api/v1/endpoint/{}/event GET
/api/v1/event GET
/api/v1/event/custom/configuration GET POST
/api/v1/event/custom/configuration/{} GET DELETE
/api/v1/event/custom/template GET
/api/v1/event/custom/template/{} GET
/api/v1/event/system/configuration GET
/api/v1/event/system/configuration/{} GET
/api/v1/event/type GET
/api/v1/sim/{}/event GET
/api/v1/user/{}/event GET
""",
    "SIMs and batches": """
/api/v1/sim GET
/api/v1/sim/migration/workspace POST
/api/v1/sim/multi DELETE
/api/v1/sim/operation GET POST
/api/v1/sim/operation/action GET
/api/v1/sim/operation/status GET
/api/v1/sim/operation/{} GET
/api/v1/sim/status GET
/api/v1/sim/unlinked_product_stats GET
/api/v1/sim/{} GET PATCH DELETE
/api/v1/sim/{}/stats GET
/api/v1/sim/{}/stats/daily GET
/api/v1/sim_batch/bic/{} GET PATCH
""",
    "Endpoints": """
/api/v1/endpoint GET POST
/api/v1/endpoint/status GET
/api/v1/endpoint/{} GET PATCH DELETE
/api/v1/endpoint/{}/connectivity GET PATCH
/api/v1/endpoint/{}/connectivity_info GET
/api/v1/endpoint/{}/operator_blacklist GET
/api/v1/endpoint/{}/operator_blacklist/{} PUT DELETE
/api/v1/endpoint/{}/quota/data GET POST DELETE
/api/v1/endpoint/{}/quota/sms GET POST DELETE
/api/v1/endpoint/{}/sms GET POST
/api/v1/endpoint/{}/sms/{} GET DELETE
/api/v1/endpoint/{}/stats GET
/api/v1/endpoint/{}/stats/daily GET
/api/v1/endpoint/{}/traffic_limit_extension GET POST DELETE
/api/v2/endpoint/multi POST PATCH DELETE
""",
    "Service profiles": """
/api/v1/dns GET POST
/api/v1/dns/{} DELETE
/api/v1/service GET
/api/v1/service/{}/traffic_limit GET
/api/v1/service_profile GET POST
/api/v1/service_profile/{} GET PATCH DELETE
/api/v1/service_profile/{}/quota/{} DELETE
/api/v1/service_profile/{}/service/{} PUT DELETE
/api/v1/service_profile/{}/service/{}/traffic_limit/{} PUT DELETE
/api/v1/service_profile/{}/traffic_limit GET POST DELETE
/api/v1/service_profile/{}/traffic_limit/{} DELETE
/api/v1/traffic_limit GET
""",
    "Tariff profiles": """
/api/v1/tariff_profile GET POST
/api/v1/tariff_profile/{} GET PATCH DELETE
/api/v1/tariff_profile/{}/coverage GET
/api/v1/tariff_profile/{}/inclusive_volume/{} PUT DELETE
/api/v1/tariff_profile/{}/ratezone_selection/{} PUT DELETE
/api/v2/tariff_profile/{}/operator_blocklist/operator GET
/api/v2/tariff_profile/{}/operator_blocklist/operator/{} GET PUT DELETE
/api/v2/tariff_profile/{}/operator_blocklist/operator/{}/rat_type POST
/api/v2/tariff_profile/{}/operator_blocklist/operator/{}/rat_type/{} DELETE
""",
    "Plans": """
/api/v1/organisation/{}/tariff_plan GET
/api/v1/organisation/{}/tariff_plan/active GET
/api/v1/tariff_plan/active GET
""",
    "Organisation and its figures": """
/api/v1/organisation/my GET
/api/v1/organisation/status GET
/api/v1/organisation/{}/inclusive_volume/active GET
/api/v1/organisation/{}/inclusive_volume/{} PUT
/api/v1/organisation/{}/stats GET
/api/v1/organisation/{}/stats/daily GET
/api/v1/organisation/{}/stats/hourly GET
/api/v1/organisation/{}/tariff PATCH
/api/v1/stats/daily GET
""",
    "Users": """
/api/v1/user GET POST
/api/v1/user/activation POST
/api/v1/user/activation_resend POST
/api/v1/user/password PATCH
/api/v1/user/role GET
/api/v1/user/status GET
/api/v1/user/{} GET PATCH DELETE
/api/v1/user/{}/role/permission GET
/api/v1/user/{}/role/{} PUT DELETE
/api/v2/user/activation POST
/api/v2/user/invitation POST
/api/v2/user/{}/support_token POST
""",
    "Workspaces of users": """
/api/v2/user/{}/default_organisation/{} PUT
/api/v2/user/{}/workspace GET
/api/v2/user/{}/workspace/{} PATCH DELETE
/api/v2/user/{}/workspace/{}/role/{} PUT DELETE
/api/v2/workspace/stats/daily GET
""",
    "Networks, countries and other lookups": """
/api/v1/breakout_region GET
/api/v1/country GET
/api/v1/currency GET
/api/v1/data_blocksize GET
/api/v1/data_throttle GET
/api/v1/esme_interface_type GET
/api/v1/operator GET
/api/v1/rat_type GET
/api/v1/service_level GET
""",
    "Data streams and callbacks": """
/api/v1/api_callback GET POST
/api/v1/api_callback/{} GET DELETE
/api/v1/api_secret GET POST
/api/v1/api_secret/{} GET DELETE
/api/v2/data_stream GET POST
/api/v2/data_stream/filter_field_type GET
/api/v2/data_stream/status GET
/api/v2/data_stream/type GET
/api/v2/data_stream/{} GET PATCH DELETE
/api/v2/data_stream/{}/restart POST
""",
    "Tags": """
/api/v2/bulk-operations/endpoint/add-tags POST
/api/v2/bulk-operations/endpoint/remove-tags POST
/api/v2/bulk-operations/tag/delete-tags POST
/api/v2/endpoint/{}/tags GET POST
/api/v2/endpoint/{}/tags/{} DELETE
/api/v2/tag-colors GET
/api/v2/tags GET POST
/api/v2/tags/{} PATCH DELETE
""",
    "Automations": """
/api/v1/automation GET POST
/api/v1/automation/action GET
/api/v1/automation/action/{} GET
/api/v1/automation/log GET
/api/v1/automation/recipient/email/verification POST
/api/v1/automation/{} GET PATCH DELETE
""",
    "IP address spaces": """
/api/v1/ip_address_space GET POST
/api/v1/ip_address_space/available GET
/api/v1/ip_address_space/{} PUT DELETE
""",
    "Cloud Connect": """
/api/v1/cnc/breakout GET
/api/v1/cnc/breakout/tgw POST
/api/v1/cnc/breakout/vpn POST
/api/v1/cnc/breakout/{} GET PATCH DELETE
/api/v1/cnc/breakout_type GET
/api/v1/cnc/breakout_type/{}/available_region GET
/api/v1/cnc/pricing GET
""",
    "eUICC": """
/api/v1/euicc GET
/api/v1/euicc/operation/action GET
/api/v1/euicc/operation/status GET
/api/v1/euicc/profile/status GET
/api/v1/euicc/status GET
/api/v1/euicc/unlinked_validation POST
/api/v1/euicc/{} GET
/api/v1/euicc/{}/operation GET POST
/api/v1/euicc/{}/operation/{} GET DELETE
""",
}
"""Subject to its calls: a line has a path and its methods."""


def calls(subject: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each path of a subject with its methods, in the order of the table."""
    for line in PUBLISHED[subject].splitlines():
        if line:
            path, *methods = line.split()
            yield path, methods


def paths() -> Iterator[tuple[str, str]]:
    """Yield each path of all subjects with its subject."""
    for subject in PUBLISHED:
        for path, _methods in calls(subject):
            yield path, subject
