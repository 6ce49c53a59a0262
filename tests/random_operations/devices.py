"""Operations with devices and policies, by services."""

from __future__ import annotations

from typing import Any, Final

from sims.devices.services.devices import (
    NewDevice,
    create_devices,
    delete_devices,
    delete_devices_with_sims,
    update_devices,
)
from sims.devices.services.patches import DevicePatch, SimPatch, patch_devices
from sims.devices.services.status import disable_devices, enable_devices, reset_connectivity, set_device_status
from sims.devices.services.tags import change_tags
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.policies.services.policies import (
    create_service_policy,
    delete_service_policy,
    update_service_policy,
)
from tests.random_operations.player import Player
from tests.random_operations.world import Place

TAGS: Final = ("north", "south", "east", "a{b}", "Größe", "with space")


class DeviceOperations(Player):
    """Operations with devices and policies, by services."""

    def _new_device(self, place: Place) -> NewDevice:
        choice = None
        if self.world.sims and self.chance.random() < 0.5:
            choice = SimChoice(self.sims(place, 1)[0], activate=self.chance.random() < 0.5)
        return NewDevice(
            name=f"Device {{{next(self.world.numbers)}}}",
            service_policy_id=self.one(place.service),
            coverage_policy_id=self.one(place.coverage),
            status=self.chance.randrange(2),
            tags=",".join(self.chance.sample(TAGS, self.chance.randrange(3))),
            imei=self.chance.choice(["", "490154203237518"]),
            ip_address=self.chance.choice([None, "10.0.0.7", "2001:db8::7"]),
            sim=choice,
        )

    def create_devices(self) -> None:
        place = self.place()
        with self.acting(place):
            wanted = [self._new_device(place) for _ in range(self.chance.randint(1, 3))]
            self.world.devices += [device.pk for device in create_devices(workspace_id=place.id, devices=wanted)]

    def device_states(self) -> None:
        place = self.place()
        ids = self.devices(place)
        with self.acting(place):
            verb = self.chance.choice([enable_devices, disable_devices, reset_connectivity])
            if self.chance.random() < 0.2:
                set_device_status(workspace_id=place.id, device_ids=ids, to=self.chance.randrange(2))
            else:
                verb(workspace_id=place.id, device_ids=ids)

    def assign(self) -> None:
        place = self.place()
        pairs = zip(self.devices(place), self.sims(place), strict=False)
        choices = {device: SimChoice(sim, activate=self.chance.random() < 0.3) for device, sim in pairs}
        with self.acting(place):
            assign_sims(workspace_id=place.id, choices=choices)

    def release(self) -> None:
        place = self.place()
        with self.acting(place):
            suspend = self.chance.random() < 0.5
            release_sims(workspace_id=place.id, device_ids=self.devices(place), suspend=suspend)

    def _values(self, place: Place) -> dict[str, Any]:
        every: dict[str, Any] = {
            "name": f"Renamed {next(self.world.numbers)}",
            "tags": ",".join(self.chance.sample(TAGS, self.chance.randrange(4))),
            "imei": self.chance.choice(["", "490154203237518", "356938035643809"]),
            "imei_lock": self.chance.random() < 0.3,
            "ip_address": self.chance.choice([None, "10.0.0.8", "10.0.0.9"]),
            "service_policy_id": self.one(place.service),
            "coverage_policy_id": self.one(place.coverage),
        }
        return {name: every[name] for name in self.chance.sample(sorted(every), self.chance.randint(1, 3))}

    def update_devices(self) -> None:
        place = self.place()
        with self.acting(place):
            changes = {pk: self._values(place) for pk in self.devices(place)}
            update_devices(workspace_id=place.id, changes=changes)

    def tags(self) -> None:
        place = self.place()
        with self.acting(place):
            add, remove = self.chance.sample(TAGS, 2), self.chance.sample(TAGS, 2)
            change_tags(workspace_id=place.id, device_ids=self.devices(place), add=add, remove=remove)

    def patch(self) -> None:
        place = self.place()
        sim = SimPatch(
            sim_id=self.sims(place, 1)[0] if self.chance.random() < 0.6 else None,
            release=self.chance.random() < 0.4,
            activate=self.chance.random() < 0.3,
        )
        patch = DevicePatch(values=self._values(place), status=self.chance.choice([None, 0, 1]), sim=sim)
        with self.acting(place):
            patch_devices(workspace_id=place.id, patches={self.devices(place, 1)[0]: patch})

    def delete_devices(self) -> None:
        place = self.place()
        with self.acting(place):
            if self.chance.random() < 0.5:
                delete_devices(workspace_id=place.id, device_ids=self.devices(place, 2))
            else:
                delete_devices_with_sims(
                    workspace_id=place.id,
                    device_ids=[self.devices(place, 1)[0]],
                    delete_sims=self.chance.random() < 0.2,
                )

    def policies(self) -> None:
        place = self.place()
        with self.acting(place):
            how = self.chance.randrange(3)
            name = f"Policy {next(self.world.numbers)}"
            if how == 0:
                place.service.append(create_service_policy(workspace_id=place.id, values={"name": name}).pk)
            elif how == 1:
                update_service_policy(workspace_id=place.id, policy_id=self.one(place.service), values={"name": name})
            else:
                delete_service_policy(workspace_id=place.id, policy_id=self.one(place.service[1:]))
