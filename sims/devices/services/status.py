"""Enable, disable and reset devices; the portal's actions move the SIM too (`docs/rules.md` sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid
from kit.outcomes import Outcome, Refusal, not_found
from sims import effects, signals
from sims.devices.services.values import AddressBook
from sims.inventory.services.limits import CODE, Room, activation_room
from sims.inventory.services.status import activation_notes, billing_note, require_open_for_traffic
from sims.locking import chunks, lock_devices, missing, read_devices, sims_on
from sims.models import Device
from sims.signals import ConnectivityReset, DeviceFact, DeviceRow, DeviceStatusChange, SimRow, SimStatusChange
from sims.states import SETTABLE, DeviceStatus, SimStatus
from sims.transitions import move


@dataclass(slots=True)
class _Plan:
    """What to write for one chunk of devices, decided under the lock."""

    outcome: Outcome = field(default_factory=Outcome)
    steps: list[DeviceFact] = field(default_factory=list)
    enable: list[int] = field(default_factory=list)
    disable: list[int] = field(default_factory=list)
    touch: list[int] = field(default_factory=list)
    activate: list[SimRow] = field(default_factory=list)
    suspend: list[SimRow] = field(default_factory=list)
    room: Room = field(default_factory=Room)
    book: AddressBook | None = None

    def refuse(self, device: DeviceRow, code: str, reason: str) -> None:
        self.outcome.refused.append(Refusal(device.id, device.name, code, reason))

    def switch(self, device: DeviceRow, sim: SimRow | None, new: int) -> None:
        (self.enable if new == DeviceStatus.ENABLED else self.disable).append(device.id)
        self.steps.append(DeviceStatusChange(device=device, sim=sim, new=new))

    def move_sim(self, sim: SimRow, new: int, *, old: int | None = None, store: bool = True) -> None:
        """Note a SIM's move; `store=False` for a state it only passes through."""
        if store:
            (self.activate if new == SimStatus.ACTIVATED else self.suspend).append(sim)
        self.steps.append(SimStatusChange(sim=sim, old=sim.status if old is None else old, new=new))

    def fits(self, device: DeviceRow, sim: SimRow | None) -> bool:
        """Take room for a SIM that becomes activated, or refuse the device."""
        if sim is None or sim.status == SimStatus.ACTIVATED or self.room.take():
            return True
        self.refuse(device, CODE, self.room.refusal)
        return False

    def may_enable(self, device: DeviceRow) -> bool:
        """Take the device's fixed address for it, or refuse it."""
        try:
            if self.book is not None:
                self.book.take(device.ip_address, device.id, device.name)
        except Conflict as error:
            self.refuse(device, error.code, error.message)
            return False
        return True

    def settle(self, device: DeviceRow, before: int) -> None:
        """Count the device as changed if any step was added since `before`."""
        (self.outcome.changed if len(self.steps) > before else self.outcome.unchanged).append(device.id)


Decide = Callable[[_Plan, DeviceRow, SimRow | None], None]


def enable_devices(*, workspace_id: int, device_ids: Sequence[int]) -> Outcome:
    """Enable devices and activate their SIMs. A device without a SIM is refused.

    Args:
        workspace_id: the workspace they belong to.
        device_ids: which devices.

    Raises:
        Forbidden: the actor may not change devices here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    require_open_for_traffic(workspace_id)
    return _run(workspace_id, device_ids, _enable, Permission.DEVICE_UPDATE)


def disable_devices(*, workspace_id: int, device_ids: Sequence[int]) -> Outcome:
    """Disable devices and suspend their SIMs. Args and errors as `enable_devices`."""
    return _run(workspace_id, device_ids, _disable, Permission.DEVICE_UPDATE)


def reset_connectivity(*, workspace_id: int, device_ids: Sequence[int]) -> Outcome:
    """Order a new network connection for enabled devices; ends the factory test of their SIMs.

    Args:
        workspace_id: the workspace they belong to.
        device_ids: which devices.

    Raises:
        Forbidden: the actor may not reset devices here.
    """
    authorise(workspace_id, Permission.DEVICE_RESET)
    require_open_for_traffic(workspace_id)
    return _run(workspace_id, device_ids, _reset, Permission.DEVICE_RESET)


def set_device_status(*, workspace_id: int, device_ids: Sequence[int], to: int) -> Outcome:
    """Move devices alone, as the wire's PATCH of `status` does; a factory test ends by it.

    Args:
        workspace_id: the workspace they belong to.
        device_ids: which devices.
        to: Enabled or Disabled.

    Raises:
        Forbidden: the actor may not change devices here.
        Invalid: people don't set this state.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    require_settable(to)
    if to == DeviceStatus.ENABLED:
        require_open_for_traffic(workspace_id)

    def decide(plan: _Plan, device: DeviceRow, sim: SimRow | None) -> None:
        if device.status == to:
            return
        if to == DeviceStatus.ENABLED and not plan.may_enable(device):
            return
        tested = sim if sim is not None and sim.status == SimStatus.FACTORY_TEST else None
        if not plan.fits(device, tested):
            return
        plan.switch(device, sim, to)
        if tested is not None:
            plan.move_sim(tested, SimStatus.ACTIVATED)

    return _run(workspace_id, device_ids, decide, Permission.DEVICE_UPDATE)


def require_settable(status: int) -> None:
    """Check that a state is one that people set on a device.

    Raises:
        Invalid: it is not.
    """
    if status not in SETTABLE:
        raise Invalid(_("Choose Enabled (0) or Disabled (1)."), field="status")


def preview_device_action(*, workspace_id: int, device_ids: Sequence[int], what: str) -> Outcome:
    """Tell what enabling, disabling or resetting would do. Changes nothing.

    Args:
        workspace_id: the workspace they belong to.
        device_ids: which devices.
        what: "enable", "disable" or "reset".

    Raises:
        Forbidden: the actor lacks the right for it.
    """
    decide, permission = _DECISIONS[what]
    authorise(workspace_id, permission)
    if what in ("enable", "reset"):
        require_open_for_traffic(workspace_id)
    outcome = Outcome()
    activated = suspended = tested = newly = 0
    now = current_context().now()
    room = _room(workspace_id, decide, lock=False)
    limited = [room.note] if room.limit is not None else []
    for ids in chunks(device_ids):
        rows = read_devices(workspace_id, ids)
        book = _book(workspace_id, rows)
        sims = sims_on([row.id for row in rows], lock=False)
        plan = _decide_all(rows, sims, decide, room, book)
        plan.outcome.refused += not_found(missing(ids, rows), "Device")
        outcome.extend(plan.outcome)
        becoming = [sim for sim in plan.activate if sim.status != SimStatus.ACTIVATED]
        in_test, new = effects.in_test(becoming), effects.newly_charged(becoming, now)
        activated += len(becoming)
        tested += len(in_test)
        newly += len(new)
        suspended += len(plan.suspend)
        changing = set(plan.outcome.changed)
        live = [row.id for row in rows if row.id in changing and effects.is_live(row, sims.get(row.id))]
        if what != "enable":
            outcome.note_effect(effects.OFFLINE if what == "disable" else effects.INTERRUPTED, live)
        outcome.note_effect(effects.TEST_ENDS, (sim.device_id for sim in in_test if sim.device_id is not None))
        outcome.note_effect(effects.CHARGED, (sim.device_id for sim in new if sim.device_id is not None))
    if activated and what == "disable":
        outcome.notes.append(_("SIMs in factory test are activated on the way, which ends their test."))
    if activated:
        ended = 0 if what == "disable" else tested
        outcome.notes += [*activation_notes(workspace_id, activated, tested=ended, newly=newly), *limited]
    if suspended:
        outcome.notes.append(billing_note(SimStatus.SUSPENDED, suspended))
    if what == "reset" and outcome.changed:
        outcome.notes.append(_("Each device loses its connection and attaches to the network anew."))
    return outcome


@retried
def _run(workspace_id: int, device_ids: Sequence[int], decide: Decide, permission: Permission) -> Outcome:
    authorise(workspace_id, permission)
    outcome = Outcome()
    with action():
        steps: list[DeviceFact] = []
        room = _room(workspace_id, decide, lock=True)
        for ids in chunks(device_ids):
            rows = lock_devices(workspace_id, ids)
            book = _book(workspace_id, rows)
            plan = _decide_all(rows, sims_on([row.id for row in rows], lock=True), decide, room, book)
            plan.outcome.refused += not_found(missing(ids, rows), "Device")
            _store(plan)
            outcome.extend(plan.outcome)
            steps += plan.steps
        if steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return outcome


def _room(workspace_id: int, decide: Decide, *, lock: bool) -> Room:
    """Return the room for SIMs that become activated; disabling leaves none activated that was not."""
    return Room() if decide is _disable else activation_room(workspace_id, lock=lock)


def _book(workspace_id: int, rows: Sequence[DeviceRow]) -> AddressBook:
    """Return who has the addresses of devices that may become enabled."""
    return AddressBook(workspace_id, [row.ip_address for row in rows if row.status != DeviceStatus.ENABLED])


def _decide_all(
    rows: Sequence[DeviceRow], sims: dict[int, SimRow], decide: Decide, room: Room, book: AddressBook
) -> _Plan:
    plan = _Plan(room=room, book=book)
    for device in rows:
        refused = len(plan.outcome.refused)
        before = len(plan.steps)
        decide(plan, device, sims.get(device.id))
        if len(plan.outcome.refused) == refused:
            plan.settle(device, before)
    return plan


def _store(plan: _Plan) -> None:
    now = current_context().now()
    if plan.enable:
        Device.objects.filter(pk__in=plan.enable).update(status=DeviceStatus.ENABLED, last_updated=now)
    if plan.disable:
        Device.objects.filter(pk__in=plan.disable).update(status=DeviceStatus.DISABLED, last_updated=now)
    if plan.touch:
        Device.objects.filter(pk__in=plan.touch).update(last_updated=now)
    evidence = {change.sim.id: change.evidence for change in move(plan.activate, SimStatus.ACTIVATED)}
    move(plan.suspend, SimStatus.SUSPENDED)
    for step in plan.steps:
        if isinstance(step, SimStatusChange) and step.old == SimStatus.FACTORY_TEST:
            step.evidence = evidence.get(step.sim.id)


def _enable(plan: _Plan, device: DeviceRow, sim: SimRow | None) -> None:
    if sim is None:
        plan.refuse(device, "no_sim", _("It has no SIM. Assign one first."))
        return
    if device.status == DeviceStatus.ENABLED and sim.status == SimStatus.FACTORY_TEST:
        return
    if device.status != DeviceStatus.ENABLED and not plan.may_enable(device):
        return
    if not plan.fits(device, sim):
        return
    if device.status != DeviceStatus.ENABLED:
        plan.switch(device, sim, DeviceStatus.ENABLED)
    if sim.status != SimStatus.ACTIVATED:
        plan.move_sim(sim, SimStatus.ACTIVATED)


def _disable(plan: _Plan, device: DeviceRow, sim: SimRow | None) -> None:
    enabled = device.status == DeviceStatus.ENABLED
    if sim is not None and sim.status == SimStatus.FACTORY_TEST and enabled:
        plan.move_sim(sim, SimStatus.ACTIVATED)
        plan.move_sim(sim, SimStatus.SUSPENDED, old=SimStatus.ACTIVATED)
    elif sim is not None and sim.status == SimStatus.ACTIVATED:
        plan.move_sim(sim, SimStatus.SUSPENDED)
    if enabled:
        plan.switch(device, sim, DeviceStatus.DISABLED)


def _reset(plan: _Plan, device: DeviceRow, sim: SimRow | None) -> None:
    if sim is None:
        plan.refuse(device, "no_sim", _("It has no SIM, so there is no connection to reset."))
    elif device.status != DeviceStatus.ENABLED:
        plan.refuse(device, "disabled", _("It is Disabled. Enable it first."))
    elif sim.status == SimStatus.FACTORY_TEST:
        if not plan.fits(device, sim):
            return
        plan.steps.append(ConnectivityReset(device=device, sim=sim))
        plan.touch.append(device.id)
        plan.move_sim(sim, SimStatus.ACTIVATED)
    elif sim.status != SimStatus.ACTIVATED:
        plan.refuse(
            device,
            "sim_inactive",
            _("Its SIM is %(state)s. Activate it first.") % {"state": SimStatus(sim.status).label},
        )
    else:
        plan.steps.append(ConnectivityReset(device=device, sim=sim))
        plan.touch.append(device.id)
        plan.move_sim(sim, SimStatus.SUSPENDED, store=False)
        plan.steps.append(DeviceStatusChange(device=device, sim=sim, new=DeviceStatus.DISABLED))
        plan.steps.append(DeviceStatusChange(device=device, sim=sim, new=DeviceStatus.ENABLED))
        plan.move_sim(sim, SimStatus.ACTIVATED, old=SimStatus.SUSPENDED, store=False)


_DECISIONS: dict[str, tuple[Decide, Permission]] = {
    "enable": (_enable, Permission.DEVICE_UPDATE),
    "disable": (_disable, Permission.DEVICE_UPDATE),
    "reset": (_reset, Permission.DEVICE_RESET),
}
