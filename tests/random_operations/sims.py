"""Operations with stock and SIMs, by services."""

from __future__ import annotations

from accounts.actors import actor_of
from accounts.workspaces.services.workspaces import update_workspace
from kit.context import Surface
from sims.inventory.services.allotment import assign_batch, reserve_batch
from sims.inventory.services.allotment import assign_sims as allot_sims
from sims.inventory.services.imports import import_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.stock import SimRecord, create_batch
from sims.inventory.services.transfer import transfer_sims
from sims.models import SimBatch, SimModel
from sims.states import SimStatus
from sims.usage.services.factory_test import CHECK, settle
from tests.random_operations.player import Player


class SimOperations(Player):
    """Operations with stock and SIMs, by services."""

    def stock(self) -> None:
        number = next(self.world.numbers)
        with self.staffing():
            batch = create_batch(bic=f"78{number:014d}", model=SimModel.objects.get(pk=self.world.cast.model.pk))
            records = [
                SimRecord(f"8988305{number:06d}{at:06d}", f"90166{number:06d}{at:04d}")
                for at in range(12 if self.chance.random() < 0.3 else 3)
            ]
            import_sims(batch_id=batch.pk, records=records)
            self.world.sims += batch.sims.order_by("pk").values_list("pk", flat=True)

    def hand_out(self) -> None:
        batch = self._batch()
        place, status = self.place(), self.chance.choice([SimStatus.ISSUED, SimStatus.ACTIVATED])
        with self.staffing():
            how = self.chance.randrange(3)
            if how == 0:
                reserve_batch(batch_id=batch.pk, workspace_id=place.id)
            elif how == 1:
                assign_batch(batch_id=batch.pk, workspace_id=place.id, status=status)
            else:
                allot_sims(sim_ids=self.some(self.world.sims), workspace_id=place.id, status=status)

    def _batch(self) -> SimBatch:
        """Return a batch, mostly one that waits to be registered."""
        batches = SimBatch.objects.order_by("-pk")
        waiting = batches.filter(registered_at=None) if self.chance.random() < 0.85 else batches
        return self.chance.choice(list(waiting[:20]) or list(batches[:20]))

    def register(self) -> None:
        batch, place = self._batch(), self.place()
        with self.acting(place):
            states = [SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.FACTORY_TEST]
            register_batch(workspace_id=place.id, bic=batch.bic, status=self.chance.choice(states))

    def sim_status(self) -> None:
        place = self.place()
        states = [SimStatus.ACTIVATED, SimStatus.SUSPENDED, SimStatus.FACTORY_TEST]
        to = SimStatus.DELETED if self.chance.random() < 0.05 else self.chance.choice(states)
        with self.acting(place):
            change_sim_status(workspace_id=place.id, sim_ids=self.sims(place), to=to)

    def transfer(self) -> None:
        source, target = self.chance.sample(self.world.places, 2)
        with self.as_(actor_of(source.owner), Surface.PORTAL):
            transfer_sims(
                target_id=target.id,
                sim_ids=self.sims(source),
                auto_detach=self.chance.random() < 0.8,
                dry_run=False,
            )

    def end_tests(self) -> None:
        place = self.place()
        with self.staffing():
            for allowed in (False, None):
                update_workspace(workspace_id=place.id, changes={"factory_test_override": allowed})

    def settle(self) -> None:
        with self.as_(CHECK, Surface.TASK):
            settle(number=0)
