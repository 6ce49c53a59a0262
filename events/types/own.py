"""Our own types, for actions that have no published one (`docs/rules.md` decision 28).

Ids 10001 to 10061 came first; 10070 is in ``limits``; those from 10071 on were added as actions needed them. Severity
is Info and source API unless said. Rows of the audience ``staff`` are only written to the operator's workspace, and so
are 10020 and 10021 when a member of staff signs in or out.

| id | name | audience | written when |
|---|---|---|---|
| 10071 | Workspace created | all | staff create a workspace; in that workspace |
| 10072 | User created | staff | staff create an account; it joins workspaces by 10025 |
| 10073 | Package changed | staff | a platform package or data plan of the catalogue is created, edited or withdrawn |
| 10074 | SIM batch created | staff | staff create a batch, before any SIM is in it |
| 10075 | User updated | all | staff change, suspend or reactivate an account |
| 10077 | Factory test checks late | staff | checks of factory tests have not run for some minutes |
| 10078 | Factory test checks on time | staff | they run in time again |
| 10095 | Trial ends soon | all | seven days before the end of a trial, and one day before |
| 10096 | SIM limit exceeded | all | ended tests bring a workspace above its limit; there and at the operator |
| 10085 | Application token changed | all | an application token gets another description, or its creator's lower role |
| 10093 | Activation dated back | all | a late record shows that a factory test was over earlier than was known |
| 10115 | Action scheduled | all | a bulk action is scheduled for a moment to come |
| 10116 | Scheduled action canceled | all | one is canceled before its moment |
| 10117 | Scheduled action begun | all | the moment has come, and it begins |
| 10118 | Scheduled action not carried out | all | it could not be done, or not to the end |
| 10087 | Log and tables differ | staff | the nightly replay finds differences that the one before did not find |
| 10105 | SIM import started | staff | staff have a large file imported; its end is 10060 or 10106 |
| 10106 | SIM import without effect | staff | the file was refused, or the import was canceled or failed |
| 10107 | SIM note changed | all | a note on a SIM is written, changed or removed; that of a device is 10003 |
| 10130 | User export | all | the users of a workspace are read out as a file |
| 10131 | Order export | all | its orders are |
| 10088 | Log and tables agree again | staff | it finds none, and the one before found some |
| 10125 | View shared | all | somebody shares a saved view of a list with the workspace |
| 10126 | Shared view changed | all | it gets another name or shows something else |
| 10127 | Shared view deleted | all | it is deleted, or its maker keeps it for themselves |
"""

from collections.abc import Mapping

from events.types.base import Audience, EventType, Severity, Source, Wording, register, single

_NO_VALUES: Mapping[str, object] = {}

_BIC = "1234567890120001"


def _own(
    type_id: int,
    description: str,
    texts: str | Mapping[str, Wording],
    sample: Mapping[str, object] = _NO_VALUES,
    *,
    section: str,
    severity: Severity = Severity.INFO,
    source: Source = Source.API,
    audience: Audience = "all",
    sample_detail: Mapping[str, object] | None = None,
) -> None:
    """Register one of our types; ``texts`` may be the template itself when there is only one."""
    register(
        EventType(
            id=type_id,
            description=description,
            severity=severity,
            source=source,
            texts=single(texts) if isinstance(texts, str) else texts,
            audience=audience,
            section=section,
            sample=sample,
            sample_detail=sample_detail,
        )
    )


# fmt: off
_WARN = Severity.WARN

_DEVICES = "Device management"
_DEVICE = {"device": "Pump 12"}
_own(10002, "Device created", "Device {device} created", _DEVICE, section=_DEVICES, sample_detail={
    "status": 0, "service_policy": 31, "coverage_policy": 47, "imei": "490154203237518", "imei_lock": False,
    "ip_address": "10.192.0.7",
})
_own(10003, "Device updated", "Device {device} updated", _DEVICE, section=_DEVICES)
_own(10004, "Device deleted", "Device {device} deleted", _DEVICE, section=_DEVICES, severity=_WARN)
_own(10011, "Tags changed", "Tags changed on {count} device(s)", {"count": 3}, section=_DEVICES)
_own(10012, "Operator blocklist changed", "Network '{operator}' {blocked_or_allowed} on device {device}",
     {"operator": "Example Mobile", "blocked_or_allowed": "blocked", **_DEVICE}, section=_DEVICES)
_own(10013, "SMS sent", "SMS sent to device {device}", _DEVICE, section=_DEVICES)

_own(10107, "SIM note changed", "Note on SIM {what}", {"what": "changed"}, section=_DEVICES,
     sample_detail={"note": {"from": "Spare", "to": "Mounted on the roof of pump house 12"}})

_own(10093, "Activation dated back", "SIM counts as activated since {moment}: its factory test was over then",
     {"moment": "2026-11-21T08:15:00Z"}, section="Device status management", source=Source.POLICY_CONTROL)

_WHEN = {"what": "Suspend 806 SIMs", "due": "2026-12-01T00:00:00.000Z"}
_SCHEDULE = "Scheduled actions"
_own(10115, "Action scheduled", "{what} scheduled for {due}", _WHEN, section=_SCHEDULE)
_own(10116, "Scheduled action canceled", "{what}, scheduled for {due}, canceled", _WHEN, section=_SCHEDULE)
_own(10117, "Scheduled action begun", "{what} begun, as scheduled for {due}", _WHEN, section=_SCHEDULE,
     source=Source.POLICY_CONTROL)
_own(10118, "Scheduled action not carried out", {
    "default": Wording("{what}, scheduled for {due}, was not carried out: {reason}"),
    "partly": Wording("{what}, scheduled for {due}, ended after {done} of {count}: {reason}"),
}, {**_WHEN, "reason": "The workspace is suspended.", "done": 500, "count": 806}, section=_SCHEDULE,
     severity=_WARN, source=Source.POLICY_CONTROL)

_POLICIES = "Device policies"
_POLICY = {"name": "Example policy"}
_own(10005, "Service policy created", "Service policy '{name}' created", _POLICY, section=_POLICIES)
_own(10006, "Service policy updated", "Service policy '{name}' updated", _POLICY, section=_POLICIES)
_own(10007, "Service policy deleted", "Service policy '{name}' deleted", _POLICY, section=_POLICIES, severity=_WARN)
_own(10008, "Coverage policy created", "Coverage policy '{name}' created", _POLICY, section=_POLICIES)
_own(10009, "Coverage policy updated", "Coverage policy '{name}' updated", _POLICY, section=_POLICIES)
_own(10010, "Coverage policy deleted", "Coverage policy '{name}' deleted", _POLICY, section=_POLICIES, severity=_WARN)

_SIGN_IN = "Application and user authentication"
_own(10020, "User signed in", "{actor.username} signed in", section=_SIGN_IN)
_own(10021, "User signed out", "{actor.username} signed out", section=_SIGN_IN)
_own(10022, "User locked out", "{subject.username} locked after failed sign-ins", section=_SIGN_IN, severity=_WARN)
_own(10023, "Password changed", "Password of {subject.username} changed", section=_SIGN_IN, severity=_WARN)
_own(10028, "Multi-factor authentication enabled", "MFA key of type '{type}' activated for {subject.username}",
     {"type": "Time-Based One-Time Password"}, section=_SIGN_IN)
_own(10030, "Application token created", "Application token '{name}' created", {"name": "ERP connector"},
     section=_SIGN_IN, severity=_WARN)
_own(10031, "Application token revoked", {
    "default": Wording("Application token '{name}' revoked"),
    "left": Wording("Application token '{name}' revoked, because its creator left the workspace"),
    "erased": Wording("Application token '{name}' revoked, because its creator was erased"),
    "expired": Wording("Application token '{name}' revoked, because its expiry date has passed"),
}, {"name": "ERP connector"}, section=_SIGN_IN, severity=_WARN)
_own(10085, "Application token changed", {
    "default": Wording("Application token '{name}' changed"),
    "lowered": Wording("Role of application token '{name}' lowered from {old} to {new}, with the role of its creator"),
}, {"name": "ERP connector", "old": "Administrator", "new": "User"}, section=_SIGN_IN)
_own(10042, "Support access ended", "Support access by operator staff ended", section=_SIGN_IN)

_USERS = "User management"
_own(10024, "User role changed", "Role of {subject.username} changed from {old} to {new}",
     {"old": "Observer", "new": "User"}, section=_USERS, severity=_WARN)
_own(10025, "User joined workspace", "{subject.username} joined the workspace", section=_USERS)
_own(10026, "User removed from workspace", "{subject.username} removed from the workspace", section=_USERS,
     severity=_WARN)
_own(10027, "User erased", "Personal data of user {user_id} erased", {"user_id": 204}, section=_USERS, severity=_WARN)
_own(10072, "User created", "User {subject.username} created", section=_USERS, audience="staff")

_WORKSPACE = "Workspace"
_own(10040, "Workspace setting changed", "Setting '{setting}' changed from {old} to {new}",
     {"setting": "Factory test period", "old": "180 days", "new": "90 days"}, section=_WORKSPACE, severity=_WARN)
_own(10041, "Workspace requested", "Request for a {kind} workspace sent", {"kind": "linked"}, section=_WORKSPACE)
_own(10071, "Workspace created", "Workspace '{name}' created", {"name": "Example North"}, section=_WORKSPACE)

_VIEW = {"name": "Suspended meters"}
_own(10125, "View shared", "View '{name}' shared with the workspace", _VIEW, section=_WORKSPACE)
_own(10126, "Shared view changed", "Shared view '{name}' changed", _VIEW, section=_WORKSPACE)
_own(10127, "Shared view deleted", {
    "default": Wording("Shared view '{name}' deleted"),
    "kept": Wording("View '{name}' no longer shared with the workspace"),
}, _VIEW, section=_WORKSPACE)

_LOG = "Event log and streams"
_own(10050, "Data stream changed", "Data stream '{name}' {what}", {"name": "Data lake", "what": "paused"}, section=_LOG)
_own(10051, "Event export", "{count} events exported", {"count": 1200}, section=_LOG)
_own(10086, "Inventory export",
     {"sims": Wording("{count} SIM(s) exported"), "devices": Wording("{count} device(s) exported")},
     {"count": 1200}, section=_LOG)
_own(10130, "User export", "{count} user(s) exported", {"count": 12}, section=_LOG)
_own(10131, "Order export", "{count} order(s) exported", {"count": 8}, section=_LOG)
_own(10052, "Events expired", "{count} events older than {cutoff} removed by retention",
     {"count": 1200, "cutoff": "2026-01-01"}, section=_LOG, source=Source.POLICY_CONTROL)

_OPERATOR = "Operator"
_own(10001, "SIMs assigned to workspace",
     {"default": Wording("{count} SIM(s) of batch {bic} assigned to workspace {workspace}."),
      "reserved": Wording("Batch {bic} of {count} SIM(s) reserved for workspace {workspace}.")},
     {"count": 25, "bic": _BIC, "workspace": "Example North"}, section=_OPERATOR, audience="staff")
_own(10060, "SIM import", "{count} SIMs imported into batch {bic}", {"count": 25, "bic": _BIC},
     section=_OPERATOR, audience="staff")
_own(10105, "SIM import started", "Import of SIMs into batch {bic} started", {"bic": _BIC},
     section=_OPERATOR, audience="staff")
_own(10106, "SIM import without effect",
     {"refused": Wording("Import of SIMs into batch {bic} refused: {count} error(s) in the file"),
      "canceled": Wording("Import of SIMs into batch {bic} canceled"),
      "failed": Wording("Import of SIMs into batch {bic} failed")},
     {"bic": _BIC, "count": 2}, section=_OPERATOR, severity=_WARN, audience="staff")
_own(10061, "Article changed",
     {"default": Wording("Article '{name}' {what}"), "shipping_option": Wording("Shipping option '{name}' {what}"),
      "shipping_provider": Wording("Shipping provider '{name}' {what}")},
     {"name": "Triple-cut SIM", "what": "updated"}, section=_OPERATOR, audience="staff")
_own(10073, "Package changed",
     {"default": Wording("Platform package '{name}' {what}"), "data_plan": Wording("Data plan '{name}' {what}")},
     {"name": "Plus EUR", "what": "updated"}, section=_OPERATOR, audience="staff")
_own(10074, "SIM batch created", "Batch {bic} of {count} SIM(s) created", {"bic": _BIC, "count": 25},
     section=_OPERATOR, audience="staff")
_own(10075, "User updated", "Account of {subject.username} {what}", {"what": "suspended"}, section=_USERS,
     severity=_WARN)
_own(10095, "Trial ends soon", "The trial with package '{name}' ends on {day}.",
     {"name": "Trial EUR", "day": "27 January 2027"}, section="Platform package and data plan", severity=_WARN,
     source=Source.POLICY_CONTROL)
_own(10096, "SIM limit exceeded",
     {"default": Wording("{count} SIMs are activated; the package '{name}' allows {limit}."),
      "operator": Wording("{count} SIMs of workspace {workspace} are activated; the package '{name}' allows {limit}.")},
     {"count": 1001, "name": "Starter EUR", "limit": 1000, "workspace": "Example North"},
     section="Platform package and data plan", severity=_WARN, source=Source.POLICY_CONTROL)
_own(10077, "Factory test checks late", "Factory tests have not been checked since {since}",
     {"since": "2026-11-21T08:15:00Z"}, section=_OPERATOR, severity=_WARN, source=Source.POLICY_CONTROL,
     audience="staff")
_own(10078, "Factory test checks on time", "Factory tests are checked in time again, late since {since}",
     {"since": "2026-11-21T08:15:00Z"}, section=_OPERATOR, source=Source.POLICY_CONTROL, audience="staff")
_own(10087, "Log and tables differ", "{count} new difference(s) between log and tables found", {"count": 1},
     section=_LOG, severity=Severity.CRITICAL, source=Source.POLICY_CONTROL, audience="staff", sample_detail={
         "check": 12, "found": 1,
         "new": ["SIM 8988303000000000001 (ID 2210, workspace 12), status: Suspended by event 8120, Activated in the "
                 "table."],
     })
_own(10088, "Log and tables agree again", "No difference between log and tables any more",
     section=_LOG, source=Source.POLICY_CONTROL, audience="staff", sample_detail={"check": 13})
# fmt: on
