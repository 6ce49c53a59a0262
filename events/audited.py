"""What may not change in silence: the one list of tables, and for each column whether it is state.

A change of a column of state, a new row and a row that goes need an event in the same transaction that covers the
object. The triggers of both databases are made from this list (`events.silence`), a test holds it against the models,
and `docs/trust.md` says what it means. Who changes something covers it: `PendingEvent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Audited:
    """A table that is guarded.

    Args:
        table: its name in the database.
        kind: what its rows are, or are part of, as `PendingEvent.covers` names it.
        columns: those that are state.
        exempt: those that may change without an event, and why.
        object: the column with the id of what an event has to cover: the row itself, or what it is part of.
        draft: a condition on a row, in which `{row}` stands for its name: while it holds, the row is not there for
            anybody, and may be written and removed in silence. Changing it needs an event, and so does what ends that.
    """

    table: str
    kind: str
    columns: tuple[str, ...]
    exempt: Mapping[str, str] = field(default_factory=dict)
    object: str = "id"
    draft: str = ""


_TOUCHED: Final = "the time of the last change, whatever changed"

_NOTED: Final = dict.fromkeys(("noted_at", "noted_by_id"), "who wrote the note, and when, is told with it")

AUDITED: Final = (
    # --- SIMs and devices ---
    Audited(
        "sims_sim",
        "sim",
        (
            *("iccid", "eid", "imsi", "msisdn", "status", "workspace_id", "batch_id", "device_id"),
            *("production_date", "imported", "activation_date", "active_until", "factory_test_since"),
            *("incoming_id", "note"),
        ),
        {
            "tested_bytes": "counted from usage",
            "tested_sms": "counted from usage",
            "last_updated": _TOUCHED,
            **_NOTED,
        },
        draft="{row}.incoming_id IN (SELECT i.id FROM sims_simimport i WHERE i.done IS NULL)",
    ),
    Audited(
        "sims_simimport",
        "sim_import",
        ("batch_id", "created", "done"),
        {
            **dict.fromkeys(("state", "ends_as", "written", "total", "ended"), "how far it is"),
            **dict.fromkeys(("errors", "notices"), "what was found in the file"),
            **dict.fromkeys(("file", "file_name", "ignore_unknown"), "the file, while it is needed"),
            "job_id": "the job that does it",
        },
    ),
    Audited(
        "sims_simbatch",
        "batch",
        ("bic", "workspace_id", "model_id", "quantity", "created", "assigned_at", "registered_at"),
    ),
    Audited(
        "sims_device",
        "device",
        (
            *("workspace_id", "name", "status", "imei", "imei_lock", "ip_address", "tags"),
            *("service_policy_id", "coverage_policy_id", "created", "note"),
        ),
        {
            "last_updated": _TOUCHED,
            **_NOTED,
            "address_shared": "marks an address that was given twice before that was refused; no action sets it",
        },
    ),
    Audited("sims_blockedoperator", "device", ("operator_id", "created"), object="device_id"),
    Audited(
        "sims_servicepolicy",
        "service_policy",
        (
            *("workspace_id", "name", "description", "data", "sms_mo", "sms_mt"),
            *("allowed_2g", "allowed_3g", "allowed_4g", "allowed_5g", "allowed_nb_iot", "created"),
        ),
    ),
    Audited(
        "sims_coveragepolicy",
        "coverage_policy",
        ("workspace_id", "name", "description", "data_plan_id", "uses_allowance", "created"),
    ),
    Audited("sims_coverageblockedoperator", "coverage_policy", ("operator_id", "created"), object="policy_id"),
    Audited(
        "sims_scheduledaction",
        "scheduled_action",
        ("workspace_id", "job_id", "count", "asked_at", "due_at", "state", "ended_at"),
    ),
    Audited("sims_coverageexcludedzone", "coverage_policy", ("zone", "created"), object="policy_id"),
    # --- people and what they hold ---
    Audited(
        "accounts_user",
        "user",
        (
            *("email", "name", "password", "status", "is_staff", "is_superuser", "staff_role"),
            *("created", "erased", "moved_by_staff"),
        ),
        {
            "last_login": "a sign-in is 10020",
            "failed_sign_ins": "counted; a failure is 6",
            "locked_until": "a lock is 10022, and ends by itself",
            "token_epoch": "ends tokens and sessions, as part of what is told",
            "preferences": "how somebody's pages look",
            "default_workspace_id": "where a sign-in leads; who may enter is told with the membership",
        },
    ),
    Audited("accounts_user_user_permissions", "user", ("permission_id",), object="user_id"),
    Audited("accounts_user_groups", "user", ("group_id",), object="user_id"),
    # Nothing in the portal uses groups, and no event covers one: a right must not come in by them.
    Audited("auth_group_permissions", "group", ("permission_id",), object="group_id"),
    Audited("accounts_membership", "membership", ("user_id", "workspace_id", "role", "joined")),
    Audited(
        "accounts_invitation",
        "invitation",
        (
            *("workspace_id", "user_id", "name", "email", "role", "inviter_id", "created"),
            *("sent", "expires", "number", "accepted", "withdrawn"),
        ),
    ),
    Audited(
        "accounts_applicationtoken",
        "token",
        (
            *("workspace_id", "description", "digest", "status", "role", "creator_id", "created"),
            *("expiry_date", "ip", "ended"),
        ),
        {"last_used": "notes when it was used"},
    ),
    Audited(
        "accounts_supportaccess",
        "support_access",
        ("workspace_id", "staff_id", "acted_for_id", "reason", "started", "expires", "ended"),
    ),
    # --- workspaces and what they bought ---
    Audited(
        "accounts_workspace",
        "workspace",
        (
            *("name", "type", "status", "country", "currency", "created", "main_id", "super_admin_id", "package_id"),
            *("package_since", "prepaid_extra_cents", "credit_ended"),
            *("factory_test_override", "factory_test_bytes", "factory_test_sms", "factory_test_days"),
            *("event_days", "mfa_required"),
        ),
    ),
    Audited("accounts_workspace_data_plans", "workspace", ("dataplan_id", "since"), object="workspace_id"),
    Audited(
        "accounts_companydetails",
        "workspace",
        (
            *("street", "postal_code", "city", "verification_type", "verification"),
            *("charging_model", "payment_term", "vatin", "invoice_email"),
        ),
        object="workspace_id",
    ),
    Audited(
        "accounts_workspacerequest",
        "request",
        (
            *("workspace_id", "kind", "contact_email", "text", "requester_id", "created"),
            *("status", "answer", "handled", "handled_by_id"),
        ),
    ),
    Audited(
        "accounts_platformpackage",
        "package",
        (
            *("name", "description", "status", "currency", "monthly_rate_cents", "sim_rates", "evaluation"),
            *(
                "trial_days",
                "prepaid_credit_cents",
                "factory_test_allowed",
                "workspaces_allowed",
                "max_workspaces",
                "max_data_plans",
            ),
            *("max_active_sims", "max_users", "mfa_required"),
        ),
    ),
    Audited(
        "accounts_dataplan",
        "data_plan",
        (
            *("name", "description", "category", "currency", "included_mb", "monthly_rate", "excess_rate"),
            "active",
        ),
    ),
    # --- the shop ---
    Audited(
        "orders_order",
        "order",
        (
            *("workspace_id", "status", "key", "currency", "items_amount", "shipping_amount", "sim_count"),
            *("payment_method", "payment_reference", "shipping_option_id", "shipping_address_id"),
            *("billing_address_id", "note", "submitted_at", "paid_at", "shipped_at", "canceled_at"),
            *("shipping_provider_id", "ext_shipping_reference"),
        ),
    ),
    Audited(
        "orders_orderline",
        "order",
        ("article_id", "name", "size", "quantity", "free", "unit_amount"),
        object="order_id",
    ),
    Audited("orders_orderbatch", "batch", ("line_id",), object="batch_id"),
    Audited(
        "orders_article", "article", ("name", "description", "sim_model_id", "quality", "size", "active", "created")
    ),
    Audited("orders_articleprice", "article", ("currency", "amount"), object="article_id"),
    Audited("orders_shippingprovider", "shipping_provider", ("name", "tracking_url", "active")),
    Audited("orders_shippingoption", "shipping_option", ("name", "description", "currency", "amount", "active")),
)
"""Every guarded table."""

_LOG: Final = "part of the log, which has guards of its own"
_LIBRARY: Final = "a library's own list of what there is"
UNAUDITED: Final[Mapping[str, str]] = {
    "events_event": _LOG,
    "events_frozenperson": _LOG,
    "events_retentionreceipt": _LOG,
    "events_erasurereceipt": _LOG,
    "events_sealstate": _LOG,
    "events_seallog": "how far a log is sealed; who gets its mail is 10040",
    "events_sealtile": _LOG,
    "events_sealkey": _LOG,
    "events_sealcheckpoint": _LOG,
    "events_sealcosignature": _LOG,
    "events_sealcheck": "the result of a check of the log",
    "events_eventobject": _LOG,
    "events_replaycheck": "the result of a comparison of log and tables",
    "events_guardcheck": "the result of a look at the triggers",
    "accounts_trusteddevice": "saves its owner a code, opens nothing by itself, and ends by itself",
    "accounts_savedview": "how somebody's lists look; what a workspace shares is 10125 to 10127",
    "accounts_trialnotice": "delivery state of what 12 and 10095 tell",
    "accounts_unknownaddress": "failures of addresses that have no account, and so no workspace",
    "mfa_authenticator": "keys that wait for their code and codes that were used; a new key is 10028, a lost one 14",
    "account_emailaddress": "of allauth, not used",
    "account_emailconfirmation": "of allauth, not used",
    "usersessions_usersession": "where somebody is signed in; a sign-in is 10020",
    "django_session": "where somebody is signed in; a sign-in is 10020",
    "django_admin_log": "of Django's admin site, not used",
    "django_content_type": _LIBRARY,
    "auth_permission": _LIBRARY,
    "auth_group": "a name; what a group may do and who is in it is guarded",
    "sims_simnumbers": "the numbers of SIMs once more, to be searched; they come with the import, which is 10060",
    "sims_simmodel": "a kind of card, named when the portal is set up",
    "sims_scheduledobject": "what a scheduled action is about, told with it in 10115",
    "sims_devicefile": "a half-filled form: devices are told when they are created",
    "sims_sms": "what became of a message; that it was sent is 10013",
    "sims_attachment": "what the network reported; the reports are events of their own",
    "sims_networkreport": "ids of reports, which are events of their own",
    "sims_usagerecord": "usage, counted",
    "sims_usageday": "usage, counted",
    "sims_simtenure": "follows from changes of a SIM, its device and their policies, each of which is told",
    "sims_departedsim": "follows from the transfer of a SIM, which is 69",
    "sims_pastbar": "what was so before a change of a device or policy, which is told",
    "sims_pasttestlimits": "what was so before a change of a setting, which is 10040",
    "sims_factorytestrange": "a counter of the checks",
    "sims_factorytestwatch": "the state of a watch; late and on time are 10077 and 10078",
    "orders_address": "part of a cart or of an order, never changed but by an erasure",
    "orders_cart": "a half-filled form: an order is told when it is submitted",
    "orders_cartline": "part of a cart",
    "orders_moneytransfer": "delivery state of what 39 tells",
    "kit_job": "a job: what it does is told by the action it runs",
    "kit_outgoingmail": "delivery state: what a mail tells has its own event",
    "kit_callcounter": "counts calls",
    "kit_submittedform": "which forms were sent; what they do is told by the action they run",
    "kit_keptanswer": "repeats the answer to a call whose action has its own events",
    "kit_savedfilter": "a long list behind a short address",
}
"""Every other table, and why it may change without an event."""
