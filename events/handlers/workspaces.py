"""What is stated of workspaces, packages and the catalogue, as rows of the log (`docs/rules.md` section 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.dispatch import receiver

from accounts import signals
from accounts.models import CompanyDetails, DataPlan, PlatformPackage, Workspace
from accounts.models.packages import CURRENCY_IDS
from accounts.models.rates import stored_rates
from accounts.signals import SettingChange
from events.handlers.accounts import Covers
from events.handlers.pending import pending
from events.writer import PendingEvent, log
from kit.context import current_context


def _of_itself(entry: PendingEvent, detail: dict[str, Any]) -> PendingEvent:
    """Return an event about the very workspace whose log it enters."""
    return entry._replace(detail=detail, covers={"workspace": [entry.workspace_id]})


@receiver(signals.billing_updated)
def on_billing_updated(*, workspace_id: int, company: CompanyDetails, **_kwargs: Any) -> None:
    """Log a changed billing configuration as it is now (32)."""
    config = {
        "charging_model": {"id": company.charging_model},
        "payment_term": {"id": company.payment_term},
        "vatin": company.vatin or None,
    }
    log([_of_itself(pending(32, workspace_id), {"billing_config": config})])


@receiver(signals.people_exported)
def on_people_exported(
    *, workspace_id: int, count: int, filters: dict[str, str], columns: list[str], **_kwargs: Any
) -> None:
    """Log that the users of a workspace were read out, with the filters and columns of the file (10130)."""
    log([pending(10130, workspace_id, count=count)._replace(detail={"filters": filters, "columns": columns})])


@receiver(signals.workspace_requested)
def on_workspace_requested(*, workspace_id: int, kind: str, request_id: int, **_kwargs: Any) -> None:
    """Log a request for a new or linked workspace (10041)."""
    entry = pending(10041, workspace_id, kind=kind)
    log([entry._replace(detail={"request": {"id": request_id, "kind": kind}}, covers={"request": [request_id]})])


@receiver(signals.workspace_created)
def on_workspace_created(*, workspace: Workspace, **_kwargs: Any) -> None:
    """Log a new workspace in itself (10071)."""
    entry = pending(10071, workspace.pk, name=workspace.name)
    log([_of_itself(entry, {"package": {"id": workspace.package_id, "name": workspace.package.name}})])


@receiver(signals.organisation_updated)
def on_organisation_updated(*, workspace_id: int, changes: dict[str, Any], **_kwargs: Any) -> None:
    """Log changed company details (31)."""
    changed = [{field: {"old": _text(change["from"]), "new": _text(change["to"])}} for field, change in changes.items()]
    log([_of_itself(pending(31, workspace_id), {"changed_data": changed})])


def _text(value: object) -> str:
    """Return a value as the published detail has it: text, with "null" for nothing."""
    return "null" if value is None or value == "" else str(value)


@receiver(signals.workspace_settings_changed)
def on_workspace_settings_changed(
    *, workspace_id: int, changes: Sequence[SettingChange], covers: Covers | None = None, **_kwargs: Any
) -> None:
    """Log each changed setting (10040)."""
    log(
        [
            pending(10040, workspace_id, setting=change.label, old=change.old, new=change.new)._replace(
                detail={"setting": change.field, "from": change.old, "to": change.new},
                covers=covers or {"workspace": [workspace_id]},
            )
            for change in changes
        ]
    )


@receiver(signals.package_changed)
def on_package_changed(*, workspace: Workspace, new: PlatformPackage, **_kwargs: Any) -> None:
    """Log a new platform package with the published detail (33)."""
    entry = pending(33, workspace.pk, name=new.name)
    log([_of_itself(entry, {"tariff_plan": _package_detail(workspace, new)})])


def _package_detail(workspace: Workspace, package: PlatformPackage) -> dict[str, Any]:
    return {
        "id": package.pk,
        "name": package.name,
        "start_date": _published(workspace.package_since),
        "end_date": _published(workspace.trial_ends),
        "evaluation": package.evaluation,
        "expiry_time": package.trial_days,
        "price": {"sim_activated_rate": stored_rates(package.rate_steps)},
        "rate": package.monthly_rate_cents / 100,
        "yearly_rate": package.monthly_rate_cents * 12 / 100,
        "currency": {"id": CURRENCY_IDS[package.currency]},
        "service_level": {"id": 1},
    }


def _published(moment: datetime | None) -> str | None:
    """Return a moment as the details of packages and plans have it: in UTC, without a zone."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@receiver(signals.data_plans_changed)
def on_data_plans_changed(
    *,
    workspace_id: int,
    added: Sequence[DataPlan],
    removed: Sequence[DataPlan],
    since: Mapping[int, datetime | None],
    **_kwargs: Any,
) -> None:
    """Log each data plan that came or went (34); the row of one that went has the end of its booking."""
    now = current_context().now()
    came = [("default" if plan.included_mb else "booked", plan, now, None) for plan in added]
    went = [("removed", plan, since.get(plan.pk), now) for plan in removed]
    log(
        [
            _of_itself(
                pending(34, workspace_id, wording, name=plan.name),
                {"inclusive_volume": _plan_detail(plan, start, end)},
            )
            for wording, plan, start, end in (*came, *went)
        ]
    )


def _plan_detail(plan: DataPlan, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Return the published detail; a data plan is one rate zone with one volume."""
    return {
        "ratezone_inclusive_volume_id": str(plan.pk),
        "volume": plan.included_mb,
        "cost": f"{plan.monthly_rate:.6f}",
        "excess_traffic": float(plan.excess_rate),
        "pooled": plan.category == DataPlan.Category.POOLED,
        "rate": float(plan.monthly_rate),
        "id": plan.pk,
        "start_date": _published(start),
        "end_date": _published(end),
        "currency_id": CURRENCY_IDS[plan.currency],
        "ratezone": {"id": plan.pk, "name": plan.name},
    }


@receiver(signals.catalogue_changed)
def on_catalogue_changed(
    *, workspace_id: int, kind: str, what: str, item_id: int, name: str, changes: dict[str, Any], **_kwargs: Any
) -> None:
    """Log a change of what can be bought, in the operator's workspace (10073)."""
    entry = pending(10073, workspace_id, "default" if kind == "package" else kind, name=name, what=what)
    log([entry._replace(detail={kind: {"id": item_id, "name": name}, "changes": changes}, covers={kind: [item_id]})])
