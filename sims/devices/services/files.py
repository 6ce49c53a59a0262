"""Devices from a file: read and checked as a whole, shown, and created as each alone would be.

Every error is named by line and column before anything is created. A file of up to 1,000 lines is created in one
action, all or nothing; a larger one by a worker in pieces, in which a line that has become impossible meanwhile is
refused by name (`docs/rules.md` section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.selectors import workspace_with_package
from kit import jobs
from kit.action import action, retried
from kit.context import current_actor
from kit.delimited import FileRefused, LineError, Row, read_table
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.ip_addresses import ip_address_of
from kit.models import Job
from kit.text import several_lines
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.for_sims import NOBODY, Activated
from sims.devices.services.values import AddressBook, Cleaner, check_imei_lock
from sims.identifiers import iccid_with_luhn, normalise_iccid, normalise_imei
from sims.inventory.services.assignment import Assigning, SimChoice
from sims.locking import chunks, read_sims
from sims.models import NOTE_LENGTH, CoveragePolicy, DeviceFile, ServicePolicy, Sim
from sims.signals import SimRow

KIND: Final = "sims.device_file"
HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "name": ("device", "device name"),
    "imei": (),
    "imei_lock": (),
    "iccid": ("SIM", "ICCID with check digit"),
    "service_policy": ("service profile",),
    "coverage_policy": ("tariff profile", "coverage profile"),
    "tags": ("tag",),
    "ip_address": ("IP",),
    "note": ("comment",),
}
"""Columns of a file, with the other headings that they are known by."""
MOST_ROWS: Final = 10_000
AT_ONCE: Final = 1_000
"""Lines that are created within the request."""
PIECE: Final = 500
MOST_KEPT: Final = 20
"""Files of one person in a workspace that wait to be confirmed: each may have 4 MB."""
KEPT: Final = timedelta(days=1)
"""How long a file waits for its confirmation."""
YES: Final = frozenset({"1", "yes", "true", "on"})
NO: Final = frozenset({"", "0", "no", "false", "off"})


@dataclass(frozen=True, slots=True)
class FileDevice:
    """One line of a file, checked: the device, and the SIM that goes onto it."""

    line: int
    new: NewDevice
    sim: SimRow | None = None

    @property
    def iccid(self) -> str:
        """The number of its SIM as printed, "" without one."""
        return iccid_with_luhn(self.sim.iccid) if self.sim is not None else ""


@dataclass(slots=True)
class Checked:
    """What a file holds.

    Args:
        rows: the devices.
        ignored: headings of columns that were left out.
        notes: what creating them means for tests and charges.
    """

    rows: list[FileDevice] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def with_sim(self) -> int:
        """How many get a SIM."""
        return sum(row.sim is not None for row in self.rows)


def check_file(*, workspace_id: int, content: bytes, options: Mapping[str, Any]) -> Checked:
    """Read and check a file of devices as a whole. Changes nothing.

    Args:
        workspace_id: where the devices are to be created.
        content: delimited text, with a heading line that names `name` at least.
        options: `service_policy_id` and `coverage_policy_id` for lines that name none, `status` of the SIMs, and
            `ignore_unknown` columns.

    Raises:
        Forbidden: the actor may not create devices (or change SIMs, where a state is chosen) here.
        FileRefused: with every error found, line by line.
        Invalid, Conflict: no SIM can be brought into the state that is chosen.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    table = read_table(
        content, columns=HEADINGS, required=("name",), ignore_unknown=bool(options.get("ignore_unknown"))
    )
    lines = list(table)
    errors = list(table.errors)
    if len(lines) > MOST_ROWS:
        raise FileRefused([LineError(lines[MOST_ROWS].line, "", _("A file has at most 10,000 devices."))])
    if not lines and not errors:
        raise FileRefused([LineError(1, "", _("The file holds no devices."))])
    reader = _Reader(workspace_id, lines, options, errors)
    rows = [row for line in lines if (row := reader.read(line)) is not None]
    reader.check_room()
    if errors:
        raise FileRefused(errors)
    return Checked(rows, table.ignored, reader.activated.notes(workspace_id))


class _Reader:
    """Reads lines; what is wrong goes into `errors`. All that the database knows is asked for when it is made."""

    def __init__(
        self, workspace_id: int, lines: Sequence[Row], options: Mapping[str, Any], errors: list[LineError]
    ) -> None:
        self.errors = errors
        self.activated = Activated()
        self._status: int | None = options.get("status")
        self._assigning = Assigning.prepare(workspace_id, [SimChoice(0, self._status)], lock=False)
        self._clean = Cleaner(workspace_id, [])
        self._policies = {
            "service_policy": _names(ServicePolicy.objects.of(workspace_id)),
            "coverage_policy": _names(CoveragePolicy.objects.of(workspace_id)),
        }
        self._usual = {name: options.get(f"{name}_id") for name in self._policies}
        self._sims = _sims_of(workspace_id, lines)
        # What is no address is told by its line, and nothing to ask PostgreSQL for.
        self._book = AddressBook(workspace_id, [ip_address_of(line.values.get("ip_address", "")) for line in lines])

    def read(self, row: Row) -> FileDevice | None:
        """Return the device of a line, `None` where something of it is wrong."""
        known = len(self.errors)
        values = {
            "name": self._checked(row, "name", lambda text: self._cleaned("name", text)),
            "imei": self._checked(row, "imei", normalise_imei),
            "imei_lock": self._checked(row, "imei_lock", _yes_or_no),
            "tags": self._checked(row, "tags", lambda text: self._cleaned("tags", text)),
            "ip_address": self._checked(row, "ip_address", lambda text: self._address(text, row)),
            "note": self._checked(row, "note", lambda text: several_lines(text, most=NOTE_LENGTH, field="note")),
            "service_policy_id": self._checked(
                row, "service_policy", lambda text: self._policy("service_policy", text)
            ),
            "coverage_policy_id": self._checked(
                row, "coverage_policy", lambda text: self._policy("coverage_policy", text)
            ),
        }
        sim = self._checked(row, "iccid", self._sim)
        if len(self.errors) == known:
            self._checked(
                row, "imei_lock", lambda _text: check_imei_lock(imei=values["imei"], imei_lock=values["imei_lock"])
            )
        if len(self.errors) > known:
            return None
        choice = SimChoice(sim.id, self._status) if sim is not None else None
        if sim is not None:
            self.activated.add(sim, self._status)
        return FileDevice(row.line, NewDevice(**values, sim=choice), sim)

    def check_room(self) -> None:
        """Check that the package has room for all SIMs that become Activated."""
        try:
            self._assigning.room.require(self.activated.count)
        except Conflict as error:
            self.errors.append(LineError(1, "iccid", error.message))

    def _checked(self, row: Row, column: str, check: Callable[[str], Any]) -> Any:
        try:
            return check(row.values.get(column, ""))
        except DomainError as error:
            self.errors.append(LineError(row.line_of(column), column, error.message))
            return None

    def _cleaned(self, name: str, text: str) -> Any:
        return self._clean({name: text})[name]

    def _address(self, text: str, row: Row) -> str | None:
        address: str | None = self._cleaned("ip_address", text)
        self._book.take(address, -row.line, row.values.get("name", ""))
        return address

    def _policy(self, kind: str, text: str) -> int:
        known = self._policies[kind]
        usual = self._usual[kind]
        if not text and usual is not None:
            return int(usual)
        if not text:
            raise Invalid(_("Name a policy, or choose one for all lines that name none."), field=kind)
        found = known.get(text.casefold())
        if found is None:
            raise NotFound(_("There is no policy “%(name)s” in this workspace.") % {"name": text[:100]}, field=kind)
        return found

    def _sim(self, text: str) -> SimRow | None:
        if not text:
            return None
        iccid = normalise_iccid(text)
        sim = self._sims.get(iccid)
        if sim is None:
            raise NotFound(_("SIM %(iccid)s is not in this workspace.") % {"iccid": text[:40]}, field="iccid")
        self._assigning.pair(NOBODY, sim, SimChoice(sim.id, self._status))
        return sim


def _names(policies: Any) -> dict[str, int]:
    """Return the ids of policies by what a file may call them: their name in any case, or their id."""
    found = list(policies.values_list("pk", "name"))
    return {str(pk): pk for pk, _name in found} | {name.casefold(): pk for pk, name in found}


def _yes_or_no(text: str) -> bool:
    word = text.casefold()
    if word in YES or word in NO:
        return word in YES
    raise Invalid(_("Write yes or no."), field="imei_lock")


def _sims_of(workspace_id: int, lines: Sequence[Row]) -> dict[str, SimRow]:
    """Return the SIMs that lines name, by ICCID. Two queries for each 5,000, and one for their devices."""
    wanted = set()
    for line in lines:
        try:
            wanted.add(normalise_iccid(line.values.get("iccid", "")))
        except Invalid:
            continue  # told by the line itself
    found: list[int] = []
    numbers = sorted(wanted)
    for start in range(0, len(numbers), 5_000):
        sims = Sim.objects.of(workspace_id).filter(iccid__in=numbers[start : start + 5_000])
        found += sims.values_list("pk", flat=True)
    return {row.iccid: row for ids in chunks(found) for row in read_sims(workspace_id, ids)}


# --- from the file to the devices ---


# untold: a half-filled form; what comes of it is told by `create_devices`
def keep_file(*, workspace_id: int, content: bytes, name: str, options: Mapping[str, Any], total: int) -> DeviceFile:
    """Keep a checked file until it is confirmed; files that nobody has confirmed for a day, or that are too many, go.

    Args: as `check_file`; `name` as the sender calls it, `total` how many devices it holds.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    person = current_actor().person
    made = DeviceFile(
        workspace=workspace_with_package(workspace_id),
        user_id=person.user_id if person is not None else 0,
        content=content,
        name=name[:200],
        options=dict(options),
        total=total,
    )
    waiting = DeviceFile.objects.filter(state=DeviceFile.State.UPLOADED)
    mine = waiting.of(workspace_id).filter(user_id=made.user_id).order_by("-created", "-pk")
    too_many = list(mine.values_list("pk", flat=True)[MOST_KEPT - 1 :])
    waiting.filter(Q(created__lt=made.created - KEPT) | Q(pk__in=too_many)).delete()
    made.save(force_insert=True)
    return made


# untold: the state of a file; its devices are told by `create_devices`
@retried
def create_from_file(*, workspace_id: int, file_id: Any) -> DeviceFile:
    """Create the devices of a file: at once, or by a worker when there are many. Confirmed twice, it is done once.

    Raises:
        Forbidden: the actor may not create devices here.
        NotFound: there is no such file here.
        FileRefused: something has changed since it was uploaded; nothing was created.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    with action():
        made = DeviceFile.objects.of(workspace_id).locked(pk=file_id).first()
        if made is None:
            raise NotFound(_("There is no such file here. Upload it again."))
        if made.state != DeviceFile.State.UPLOADED:
            return made
        checked = check_file(workspace_id=workspace_id, content=bytes(made.content), options=made.options)
        made.total = len(checked.rows)
        if made.total <= AT_ONCE:
            devices = create_devices(workspace_id=workspace_id, devices=[row.new for row in checked.rows])
            made.made = [device.pk for device in devices]
            made.state, made.content = DeviceFile.State.DONE, b""
        else:
            title = _("Create %(n)s devices") % {"n": f"{made.total:,}"}
            arguments = {"file": str(made.pk)}
            job = jobs.start(kind=KIND, workspace_id=workspace_id, title=title, arguments=arguments, total=made.total)
            made.job_id, made.state = job.pk, DeviceFile.State.RUNNING
        made.save()
    return made


def _read(job: Job) -> list[FileDevice | LineError]:
    """Read the file again for a worker; a line that has become impossible since is its error."""
    made = DeviceFile.objects.get(pk=job.arguments["file"])
    ignore_unknown = bool(made.options.get("ignore_unknown"))
    lines = list(read_table(bytes(made.content), columns=HEADINGS, required=("name",), ignore_unknown=ignore_unknown))
    errors: list[LineError] = []
    reader = _Reader(made.workspace_id, lines, made.options, errors)
    return [reader.read(line) or errors[-1] for line in lines]


# untold: the state of a file; its devices are told by `create_devices`
@jobs.job_kind(KIND, prepare=_read)
def file_step(job: Job, rows: Sequence[FileDevice | LineError]) -> bool:
    """Create the next devices of a file; a line that can't be any more is refused, and the others are created."""
    made = DeviceFile.objects.select_for_update(of=("self",)).get(pk=job.arguments["file"])
    piece = rows[job.done : job.done + PIECE]
    created, refused = _create(made.workspace_id, [row for row in piece if isinstance(row, FileDevice)])
    refused += [[row.line, row.column, row.message] for row in piece if isinstance(row, LineError)]
    made.made = [*made.made, *created]
    made.refused = [*made.refused, *sorted(refused, key=lambda line: line[0])]
    job.done += len(piece)
    more = job.done < len(rows)
    if not more:
        made.state, made.content = DeviceFile.State.DONE, b""
    made.save(update_fields=["made", "refused", "state", "content"])
    return more


def forget_file(job: Job) -> None:
    """Let the file of a job go that has failed: nobody reads it any more. What was created is kept with it."""
    DeviceFile.objects.filter(pk=job.arguments["file"]).update(content=b"")


jobs.when_failed(KIND, forget_file)


def _create(workspace_id: int, rows: Sequence[FileDevice]) -> tuple[list[int], list[list[Any]]]:
    """Create devices together; where one of them can't be, each by itself."""
    try:
        devices = create_devices(workspace_id=workspace_id, devices=[row.new for row in rows])
    except (Invalid, NotFound, Conflict) as error:
        if len(rows) == 1:
            return [], [[rows[0].line, error.field or "", error.message]]
        created: list[int] = []
        refused: list[list[Any]] = []
        for row in rows:
            one, wrong = _create(workspace_id, [row])
            created += one
            refused += wrong
        return created, refused
    return [device.pk for device in devices], []
