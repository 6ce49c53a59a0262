"""Operations by the API and by the pages."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from django.urls import reverse

from accounts.permissions import Role
from kit.errors import DomainError
from tests.random_operations.player import Player

TAGS: Final = ("north", "south", "east", "a{b}", "Größe", "with space")
ROLES: Final = (Role.ADMINISTRATOR, Role.USER, Role.OBSERVER)


class DoorOperations(Player):
    """Operations by the API and by the pages."""

    def api_endpoint(self) -> None:
        place = self.place()
        body: dict[str, Any] = {"name": f"By API {next(self.world.numbers)}"}
        if self.chance.random() < 0.4:
            body["status"] = {"id": self.chance.randrange(2)}
        if self.chance.random() < 0.4:
            body["sim"] = {"id": self.chance.choice([None, self.sims(place, 1)[0]])}
        if self.chance.random() < 0.3:
            body["tags"] = ",".join(self.chance.sample(TAGS, 2))
        self.call(place, "PATCH", f"/endpoint/{self.devices(place, 1)[0]}", body)

    def api_multi(self) -> None:
        place = self.place()
        patches = [{"id": pk, "tags": self.chance.choice(TAGS)} for pk in self.devices(place)]
        self.call(place, "PATCH", "/endpoint/multi", patches, version=2)

    def api_create(self) -> None:
        place = self.place()
        body = {
            "name": f"Made by API {next(self.world.numbers)}",
            "status": {"id": self.chance.randrange(2)},
            "service_profile": {"id": self.one(place.service)},
            "tariff_profile": {"id": self.one(place.coverage)},
        }
        answer = self.call(place, "POST", "/endpoint", body)
        self.world.devices.append(int(answer["Location"].rstrip("/").rsplit("/", 1)[1]))

    def api_delete(self) -> None:
        place = self.place()
        self.call(place, "DELETE", f"/endpoint/{self.devices(place, 1)[0]}", None)

    def api_sim(self) -> None:
        body = {"status": {"id": self.chance.choice([1, 2])}}
        place = self.place()
        self.call(place, "PATCH", f"/sim/{self.sims(place, 1)[0]}", body)

    def bulk(self) -> None:
        place = self.place()
        noun = self.chance.choice(["sims", "devices"])
        verbs = {"sims": ["activate", "suspend", "factory-test"], "devices": ["enable", "disable", "release", "reset"]}
        ids = self.sims(place) if noun == "sims" else self.devices(place)
        base = f"{noun}/bulk/{self.chance.choice(verbs[noun])}"
        shown = self.post(place, f"/w/{place.id}/{base}/preview/", {"scope": "ids", "ids": ids})
        plan = re.search(r'name="plan" value="([^"]+)"', shown.content.decode())
        if plan is None:
            raise DomainError("nothing can be done with any of them")
        self.post(place, f"/w/{place.id}/{base}/run/", {"plan": html.unescape(plan[1])})

    def device_page(self) -> None:
        place = self.place()
        form = {
            "name": f"By page {next(self.world.numbers)}",
            "status": self.chance.randrange(2),
            "service_policy": self.one(place.service),
            "coverage_policy": self.one(place.coverage),
            "sim": "0",
        }
        answer = self.post(place, f"/w/{place.id}/devices/create/", form)
        found = re.search(r"/devices/(\d+)/", answer.headers.get("Location") or answer.headers.get("HX-Redirect") or "")
        if found:
            self.world.devices.append(int(found[1]))

    def role_page(self) -> None:
        place = self.place()
        path = reverse("accounts:workspace_user_role", args=[place.id, self.one(self.world.people)])
        self.post(place, path, {"role": self.chance.choice(ROLES).value})
