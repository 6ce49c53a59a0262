"""What every run sees to: that the database is the demo's, that BICs are waiting, that tokens are live."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApplicationToken, PlatformPackage, User, Workspace
from accounts.operator import OPERATOR_ID
from accounts.selectors import usable
from accounts.tokens.services import create_application_token, digest_of
from kit.errors import Conflict
from portal.demo import master_data, secrets
from portal.demo.numbers import Numbers
from portal.demo.shipments import WAITING
from sims.inventory.services.allotment import reserve_batch
from sims.inventory.services.imports import import_sims
from sims.inventory.services.stock import create_batch
from sims.models import SimBatch, SimModel

_LOCK = 20_417
_MOST_GENERATIONS = 1_000


class ForeignDatabase(Conflict):
    """The database holds something that the demo has not made, so it is left alone."""


def lock() -> None:
    """Let one loader in at a time; inside a transaction. On SQLite the transaction itself does it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def is_loaded() -> bool:
    """Tell whether the demo is here.

    The mark is a revoked application token of the operator whose digest only this SECRET_KEY gives. People may rename
    the operator, change passwords and add data of their own: it stays the demo.

    Raises:
        ForeignDatabase: it is not, but something else is.
    """
    marks = ApplicationToken.objects.filter(digest=digest_of(secrets.marker()))
    if marks.filter(workspace_id=OPERATOR_ID).exists():
        return True
    operator = Workspace.objects.filter(pk=OPERATOR_ID)
    made_by_people = (
        User.objects.all(),
        Workspace.objects.exclude(pk=OPERATOR_ID),
        PlatformPackage.objects.exclude(pk__in=operator.values("package_id")),
        SimBatch.objects.all(),
    )
    holds = [rows.model._meta.verbose_name_plural for rows in made_by_people if rows.exists()]
    if not holds:
        return False
    if ApplicationToken.objects.filter(description="Demo data", workspace_id=OPERATOR_ID).exists():
        raise ForeignDatabase(
            _("This database holds a demo made with another SECRET_KEY. Set that key again, or use an empty database."),
            code="other_key",
        )
    raise ForeignDatabase(
        _(
            "This database holds data that the demo has not made (%(what)s); nothing was changed. "
            "Use an empty database: DATABASE_URL names it."
        )
        % {"what": ", ".join(map(str, holds))},
        code="foreign_database",
    )


def workspaces() -> dict[str, Workspace]:
    """Return the demo's workspaces by key in `master_data`; known by their first token, whatever they are called."""
    keys = {digest_of(secrets.application_token(key)): key for key in master_data.CUSTOMERS}
    tokens = ApplicationToken.objects.filter(digest__in=list(keys)).select_related("workspace__package")
    found = {keys[token.digest]: token.workspace for token in tokens}
    return {key: found[key] for key in master_data.CUSTOMERS if key in found}


def live_token(key: str, workspace: Workspace) -> str:
    """Return the value of a workspace's application token, making the next one if somebody revoked the last.

    Needs an actor.
    """
    for generation in range(1, _MOST_GENERATIONS):
        value = secrets.application_token(key, generation)
        token = ApplicationToken.objects.filter(digest=digest_of(value)).first()
        if token is None:
            create_application_token(
                workspace_id=workspace.pk,
                description=master_data.CUSTOMERS[key].program,
                role=master_data.ADMINISTRATOR,
                value=value,
            )
            return value
        if token.role == master_data.ADMINISTRATOR and usable(token, timezone.now()):
            return value
    raise RuntimeError(f"All application tokens of {workspace} are revoked.")


def waiting_bics(found: Sequence[Workspace]) -> dict[int, list[str]]:
    """Return each workspace's unregistered BICs, single ones first, made and assigned where they have run out.

    Needs an actor.
    """
    waiting: dict[int, dict[int, list[str]]] = {workspace.pk: {size: [] for size in WAITING} for workspace in found}
    batches = SimBatch.objects.filter(workspace__in=found, registered_at=None, quantity__in=list(WAITING))
    for workspace_id, quantity, bic in batches.order_by("pk").values_list("workspace_id", "quantity", "bic"):
        if workspace_id is not None:
            waiting[workspace_id][quantity].append(bic)
    numbers: Numbers | None = None
    for workspace_id, by_size in waiting.items():
        for size, wanted in WAITING.items():
            for _missing in range(wanted - len(by_size[size])):
                numbers = numbers or Numbers()
                by_size[size].append(_supply(numbers, workspace_id, size))
    return {
        workspace_id: [bic for size in WAITING for bic in by_size[size]] for workspace_id, by_size in waiting.items()
    }


def _supply(numbers: Numbers, workspace_id: int, size: int) -> str:
    model = SimModel.objects.order_by("pk").first() or SimModel.objects.create(**master_data.SIM_MODELS["card"])
    batch = create_batch(bic=numbers.bic(), model=model)
    import_sims(batch_id=batch.pk, records=numbers.records(size, produced=timezone.now(), chip=False))
    reserve_batch(batch_id=batch.pk, workspace_id=workspace_id)
    return batch.bic
