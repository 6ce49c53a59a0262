"""What random operations play with: workspaces, people and a shop, everything made by services."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.test import Client

from accounts.models import PlatformPackage, User
from accounts.people.services.members import add_member
from accounts.people.services.staff_accounts import create_user
from accounts.permissions import Role
from accounts.tokens.services import create_application_token
from accounts.workspaces.services.workspaces import create_workspace
from orders.models import Article, ArticlePrice, ShippingOption, ShippingProvider
from sims.policies.services.policies import (
    create_coverage_policy,
    create_service_policy,
)
from tests.cast import Cast


@dataclass
class Place:
    """A workspace that is played in, and the ids of what was made there."""

    id: int
    owner: User
    api: str
    token_id: int
    service: list[int] = field(default_factory=list)
    coverage: list[int] = field(default_factory=list)


@dataclass
class World:
    """What is played with. The lists only grow, so that what is gone is asked for too."""

    cast: Cast
    places: list[Place]
    package_id: int
    article: Article
    option: ShippingOption
    provider: ShippingProvider
    sims: list[int] = field(default_factory=list)
    devices: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    actors: dict[uuid.UUID, tuple[int, int]] = field(default_factory=dict)
    """Who made each request: kind and id."""
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    @property
    def workspaces(self) -> list[int]:
        """The workspaces whose logs tell all that is in them."""
        return [place.id for place in self.places]


def make_world(cast: Cast) -> World:
    """Make two workspaces, their policies, people and tokens, and a shop, everything by services."""
    package = PlatformPackage.objects.create(name="Replay EUR", factory_test_allowed=True)
    article = Article.objects.create(name="Replay SIM", sim_model=cast.model, size=3)
    ArticlePrice.objects.create(article=article, currency="EUR", amount=300)
    places: list[Place] = []
    for name in ("Home", "Away"):
        with cast.staffing():
            workspace = create_workspace(name=name, package_id=package.pk, data_plan_ids=[cast.plan.pk])
            owner = create_user(email=f"{name.lower()}@replay.example", name=f"{name} Owner")
            add_member(workspace_id=workspace.pk, user_id=owner.pk, role=Role.ADMINISTRATOR)
            for other in places:
                add_member(workspace_id=other.id, user_id=owner.pk, role=Role.ADMINISTRATOR)
                add_member(workspace_id=workspace.pk, user_id=other.owner.pk, role=Role.ADMINISTRATOR)
        with cast.acting(owner):
            service = create_service_policy(workspace_id=workspace.pk, values={"name": "Standard"})
            values = {"name": "Worldwide", "data_plan_id": cast.plan.pk}
            coverage = create_coverage_policy(workspace_id=workspace.pk, values=values)
            made = create_application_token(workspace_id=workspace.pk, description=f"ERP {name}")
        answer = Client().post(
            "/api/v1/authenticate", json.dumps({"application_token": made.value}), content_type="application/json"
        )
        api = answer.json()["auth_token"]
        places.append(Place(workspace.pk, owner, api, made.token.pk, [service.pk], [coverage.pk]))
    return World(
        cast,
        places,
        package.pk,
        article,
        ShippingOption.objects.create(name="Replay post", amount=900, currency="EUR"),
        ShippingProvider.objects.create(name="Replay Parcel"),
    )
