"""How many SIMs a platform package lets a workspace have activated, wherever a person activates them.

Activation by the end of a factory test is not refused: the traffic has happened and is charged by rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import PlatformPackage, Workspace
from accounts.selectors import workspace_with_package
from kit.context import current_actor
from kit.errors import Conflict
from sims.models import Sim
from sims.states import SimStatus

CODE = "limit_reached"


@dataclass(slots=True)
class Room:
    """What is left of a limit while an action decides about SIMs one by one, in id order.

    Args:
        limit: activated SIMs at most, `None` for no limit.
        left: how many more may be activated.
        package: name of the package that says so.
    """

    limit: int | None = None
    left: int = 0
    package: str = ""

    def take(self) -> bool:
        """Take room for one more activated SIM; `False` when there is none."""
        if self.limit is None:
            return True
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def require(self, count: int, *, field: str | None = None) -> None:
        """Take room for SIMs that are activated together or not at all.

        Raises:
            Conflict: there is not enough.
        """
        if self.limit is None:
            return
        if count > self.left:
            raise Conflict(self.refusal if count == 1 else self._too_many(count), code=CODE, field=field)
        self.left -= count

    @property
    def refusal(self) -> str:
        """The sentence for a SIM that does not fit."""
        return _(
            "The package %(package)s allows %(limit)s activated SIMs, and there is no room for more. "
            "Suspend other SIMs or choose a larger package."
        ) % {"package": self.package, "limit": f"{self.limit:,}"}

    @property
    def note(self) -> str:
        """The sentence of a preview; asked before anything is taken."""
        return _("The package %(package)s allows %(limit)s activated SIMs; %(left)s more can be activated.") % {
            "package": self.package,
            "limit": f"{self.limit:,}",
            "left": f"{self.left:,}",
        }

    def _too_many(self, count: int) -> str:
        return _(
            "The package %(package)s allows %(limit)s activated SIMs and has room for %(left)s more, not for "
            "%(count)s. Suspend other SIMs, choose another state or a larger package."
        ) % {"package": self.package, "limit": f"{self.limit:,}", "left": f"{self.left:,}", "count": f"{count:,}"}


def activation_room(workspace_id: int, *, lock: bool) -> Room:
    """Return how many more SIMs may be activated in a workspace.

    No query where the actor came with the knowledge that there is no limit; else two, with `lock` three, of which one
    counts in an index and no further than the limit.

    Args:
        workspace_id: whose package.
        lock: lock the workspace, so that two people can't use the same room. To be called before SIMs and devices are
            locked: a change of the package locks the workspace first, too.

    Raises:
        NotFound: there is no such workspace.
    """
    if current_actor().sim_limits.get(workspace_id, 0) is None:
        return Room()
    package = workspace_with_package(workspace_id, lock=lock).package
    limit = package.max_active_sims
    if limit is None:
        return Room()
    return Room(limit=limit, left=max(0, limit - activated_up_to(workspace_id, limit)), package=package.name)


def activated_up_to(workspace_id: int, limit: int) -> int:
    """Return the number of activated SIMs, counted no further than a limit."""
    return Sim.objects.of(workspace_id).filter(status=SimStatus.ACTIVATED).order_by()[:limit].count()


def require_fit(workspace: Workspace, package: PlatformPackage) -> None:
    """Check that the activated SIMs of a workspace, which is locked, fit its package.

    Raises:
        Conflict: there are more than it allows.
    """
    count = Sim.objects.of(workspace.pk).filter(status=SimStatus.ACTIVATED).count()
    if (refusal := fit_refusal(package, count)) is not None:
        raise Conflict(refusal, code=CODE, field="package")


def fit_refusal(package: PlatformPackage, count: int) -> str | None:
    """Return why a package is too small for so many activated SIMs; `None` where it is not."""
    limit = package.max_active_sims
    if limit is None or count <= limit:
        return None
    return _(
        "The package %(package)s allows %(limit)s activated SIMs, and there would be %(count)s, with those in factory "
        "test that the change activates. Suspend some first."
    ) % {"package": package.name, "limit": f"{limit:,}", "count": f"{count:,}"}
