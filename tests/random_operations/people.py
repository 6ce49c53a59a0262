"""Operations with people, tokens and orders, by services."""

from __future__ import annotations

from typing import Final

from accounts.actors import actor_of
from accounts.models import User
from accounts.people.services.erasure import erase_user
from accounts.people.services.invitations import accept_invitation, invite_user, withdraw_invitation
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.people.services.staff_accounts import create_user, reactivate_user, suspend_user
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.tokens.services import create_application_token, describe_application_token, revoke_application_token
from kit.context import ANONYMOUS, Surface
from orders.addresses import AddressData
from orders.models import Order, PaymentMethod
from orders.quotes import Item
from orders.services.orders import Purchase, order_submit, orders_cancel, orders_mark_paid
from orders.services.shipping import order_ship
from orders.states import OPEN
from tests.random_operations.player import Player

ROLES: Final = (Role.ADMINISTRATOR, Role.USER, Role.OBSERVER)
ADDRESS: Final = AddressData(
    company="Replay GmbH",
    name="Olivia Replay",
    email="orders@replay.example",
    street="Example Street 1",
    postcode="10115",
    city="Berlin",
    country="DE",
    vat_id="DE294170417",
)


class PeopleOperations(Player):
    """Operations with people, tokens and orders, by services."""

    def join(self) -> None:
        place, number = self.place(), next(self.world.numbers)
        with self.staffing():
            user = create_user(email=f"p{number}@replay.example", name=f"Person {number}")
            self.world.people.append(user.pk)
            add_member(workspace_id=place.id, user_id=user.pk, role=self.chance.choice(ROLES))

    def people(self) -> None:
        place, user_id = self.place(), self.one(self.world.people)
        how = self.chance.choice(["role", "role", "remove", "chief", "suspend", "again", "erase", "add"])
        if how in ("role", "remove"):
            with self.as_(actor_of(place.owner), Surface.PORTAL):
                if how == "role":
                    change_role(workspace_id=place.id, user_id=user_id, role=self.chance.choice(ROLES))
                else:
                    remove_member(workspace_id=place.id, user_id=user_id)
            return
        with self.staffing():
            if how == "chief":
                set_super_admin(workspace_id=place.id, user_id=user_id)
            elif how == "suspend":
                suspend_user(user_id=user_id)
            elif how == "again":
                reactivate_user(user_id=user_id)
            elif how == "add":
                add_member(workspace_id=place.id, user_id=user_id, role=self.chance.choice(ROLES))
            elif self.chance.random() < 0.5:
                erase_user(user_id=user_id)

    def invite(self) -> None:
        place, number = self.place(), next(self.world.numbers)
        secrets: list[str] = []

        def link(secret: str) -> str:
            secrets.append(secret)
            return f"https://portal.example/join/{secret}"

        with self.as_(actor_of(place.owner), Surface.PORTAL):
            asked = invite_user(
                workspace_id=place.id,
                email=f"i{number}@replay.example",
                name=f"Invited {number}",
                role=self.chance.choice(ROLES),
                link=link,
            )
            if self.chance.random() < 0.3:
                withdraw_invitation(workspace_id=place.id, invitation_id=asked.pk)
                return
        with self.as_(ANONYMOUS, Surface.PORTAL, told=actor_of(asked.user)):
            accept_invitation(link_secret=secrets[0], name=f"Joined {number}", password=f"correct horse {number}")
        self.world.people.append(asked.user_id)

    def tokens(self) -> None:
        place = self.place()
        how = self.chance.randrange(3)
        maker = self.one(self.world.people) if self.chance.random() < 0.5 else place.owner.pk
        with self.as_(actor_of(User.objects.get(pk=maker)), Surface.PORTAL):
            number = next(self.world.numbers)
            if how == 0:
                made = create_application_token(workspace_id=place.id, description=f"Key {{{number}}}")
                self.world.tokens.append(made.token.pk)
            elif how == 1:
                token_id, text = self.one(self.world.tokens), f"Renamed key {number}"
                describe_application_token(workspace_id=place.id, token_id=token_id, description=text)
            else:
                revoke_application_token(workspace_id=place.id, token_id=self.one(self.world.tokens))

    def order(self) -> None:
        place, world = self.place(), self.world
        purchase = Purchase(
            items=[Item(world.article.pk, 1)],
            shipping_option_id=world.option.pk,
            payment_method=PaymentMethod.ONLINE,
            shipping=ADDRESS,
            billing=ADDRESS,
        )
        with self.as_(actor_of(place.owner), Surface.PORTAL):
            order_submit(workspace_id=place.id, purchase=purchase, key=f"key-{next(world.numbers)}")

    def handle_orders(self) -> None:
        waiting = Order.objects.filter(status__in=OPEN) if self.chance.random() < 0.85 else Order.objects.all()
        order_id = self.one(list(waiting.order_by("pk").values_list("pk", flat=True)))
        with self.staffing():
            how = self.chance.randrange(4)
            if how == 0:
                orders_cancel(order_ids=[order_id]).raise_if_refused()
            elif how == 1:
                order_ship(order_id=order_id, provider_id=self.world.provider.pk, reference="RR1")
            else:
                orders_mark_paid(order_ids=[order_id]).raise_if_refused()
