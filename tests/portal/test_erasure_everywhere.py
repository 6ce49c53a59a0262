"""A person with an unmistakable name does all that leaves traces, is erased, and is looked for everywhere.

Everywhere: each column of each table that the database has, whatever Django knows of it; sessions, which hold encoded
data; every file that the portal wrote; and the pages and API answers that showed the person before.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as loaded
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts.models import ApplicationToken, CompanyDetails, User
from accounts.people.services.addresses import change_customer_address
from accounts.people.services.erasure import erase_user
from accounts.people.services.invitations import invite_user
from accounts.people.services.members import add_member, change_role
from accounts.people.services.staff_accounts import update_user
from accounts.permissions import Role
from accounts.support.services import start_support_access
from accounts.tokens.services import create_application_token
from accounts.workspaces.services.company import update_billing
from accounts.workspaces.services.requests import request_workspace
from events.models import Event
from kit import jobs, mail
from kit.filter_values import keep_list
from kit.models import Job, OutgoingMail, SavedFilter
from orders.models import Address, Order
from orders.services.cart import cart_fill, cart_set_details
from orders.services.orders import order_submit
from portal.outbox import mails
from sims.connectivity.services.messages import SmsText, send_sms
from sims.devices.services.devices import update_devices
from sims.models import Device, Sim
from sims.policies.services.policies import update_coverage_policy, update_service_policy
from sims.states import SimStatus
from tests.admin.conftest import text_of
from tests.api.conftest import sign_in
from tests.cast import PASSWORD, Cast
from tests.orders.conftest import ADDRESS, Shop, shop  # noqa: F401  (a fixture)

pytestmark = pytest.mark.sqlite_too("an erased person is looked for in JSON, which SQLite keeps as text")

CANARIES = ("quirin", "canaryson", "zeisigmann")
"""Parts of every name and address of the person."""
NAME, FORMER = "Quirin Canaryson", "Quirin Zeisigmann"
EMAIL, FORMER_EMAIL = "quirin.canaryson@example.org", "q.zeisigmann@example.org"

REASON = f"{NAME} asked for it by telephone."
NOTE = f"Ask {NAME}, {EMAIL}"
TYPED = (f"Van of {NAME}", f"night,{EMAIL}", f"night, {EMAIL}", REASON, NOTE, f"Script of {NAME.upper()}")
"""What a colleague typed. In events it stays as it was typed, and nowhere else."""
STAYS = {
    # What a device was called and how it was tagged at that time.
    "events_event.description of 10003",
    "events_event.detail of 10003",
    "events_event.device_name of 10003",
    "events_event.device_tags of 10003",
    # Descriptions of policies.
    "events_event.detail of 10006",
    "events_event.detail of 10009",
    # The description of an application token.
    "events_event.description of 10085",
    "events_event.detail of 10085",
    # The reason of a support access.
    "events_event.detail of 13",
}
"""The documented exceptions (`docs/rules.md` section 18): column and type of event."""
SHOWS_EVENTS = re.compile(r"/events?/|/event$|^/w/\d+/$|^/w/\d+/devices/\d+/$")


def link(key: str) -> str:
    return f"http://testserver/accounts/invitation/{key}/"


@pytest.fixture
def outbox(settings: Any, tmp_path: Path) -> Path:
    """Mails are files, as on a machine without a mail server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return tmp_path / "mail"


@pytest.fixture
def person(cast: Cast) -> User:
    """The person, Administrator of Acme, invited into Bolt."""
    user = User.objects.create_user(FORMER_EMAIL, PASSWORD, name=FORMER)
    with cast.staffing():
        add_member(workspace_id=cast.acme.pk, user_id=user.pk, role=Role.ADMINISTRATOR)
    return user


def under_the_former_name(cast: Cast, person: User, device: Device) -> None:
    person.refresh_from_db()
    with cast.acting(person):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "Valve"}})
    with cast.staffing():
        update_user(user_id=person.pk, changes={"name": NAME})
        change_customer_address(user_id=person.pk, email=EMAIL, link=str)
    # As if the new mailbox had verified it.
    User.objects.filter(pk=person.pk).update(status=User.Status.ACTIVE)
    person.refresh_from_db()


def leave_traces(cast: Cast, sold: Shop, person: User) -> None:
    """Do what leaves a name or an address somewhere."""
    device = cast.device()
    under_the_former_name(cast, person, device)
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": "wrong " + PASSWORD})
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    client.post("/accounts/password/reset/", {"email": EMAIL})
    acme = cast.acme.pk
    with cast.acting(person):
        update_devices(workspace_id=acme, changes={device.pk: {"name": "Pump"}})
        token = create_application_token(workspace_id=acme, description="Script").token
        invite_user(workspace_id=acme, email="nora@example.com", name="Nora", role="User", link=link)
        change_role(workspace_id=acme, user_id=cast.member.pk, role="Observer")
        request_workspace(
            workspace_id=acme, kind="new", contact_email=EMAIL, text=f"Call {NAME} or write to <{EMAIL}>."
        )
        update_billing(workspace_id=acme, changes={"invoice_email": EMAIL})
        keep_list(acme, "actor", [EMAIL, "somebody@example.com"])
        jobs.keep_result(
            kind="export",
            workspace_id=acme,
            title=f"Events of {EMAIL}",
            arguments={"actor": [NAME]},
            result={},
            total=1,
        )
        order(sold, person)
    # The names of things that were logged stay in the log as they were typed; everywhere else they are cleaned.
    ApplicationToken.objects.filter(pk=token.pk).update(description=f"Script of {NAME.upper()}")
    with cast.acting(cast.owner):
        invite_user(workspace_id=cast.bolt.pk, email=EMAIL, name=FORMER, role="User", link=link)
        change_role(workspace_id=acme, user_id=person.pk, role="User")
    with cast.staffing():
        start_support_access(workspace_id=acme, user_id=person.pk, reason=REASON)
    type_it_into_things(cast, device)
    # Some mails have gone out, some wait.
    for number, row in enumerate(OutgoingMail.objects.order_by("pk")):
        if number % 2 == 0:
            assert mail.send(row.pk)


def type_it_into_things(cast: Cast, device: Device) -> None:
    """Let a colleague write the name into what a workspace has: a device, a message, policies."""
    acme = cast.acme.pk
    service, coverage = cast.policies()
    values = {"description": NOTE}
    cast.sims(1, status=SimStatus.ACTIVATED)
    used = cast.device(sim=Sim.objects.latest("pk"))
    with cast.acting(cast.owner):
        changes = dict(zip(("name", "tags"), TYPED, strict=False))
        update_devices(workspace_id=acme, changes={device.pk: changes})
        update_service_policy(workspace_id=acme, policy_id=service.pk, values=values)
        update_coverage_policy(workspace_id=acme, policy_id=coverage.pk, values=values)
        send_sms(workspace_id=acme, device_id=used.pk, sms=SmsText(f"Call {NAME}."))


def order(sold: Shop, person: User) -> None:
    """Order in the person's name, and begin to order once more."""
    address = replace(ADDRESS, name=NAME, email=EMAIL, phone="+49 30 1234567", extra=f"c/o {NAME}")
    # By the name alone, and by a former address alone.
    by_name = replace(ADDRESS, name=NAME, email="orders@example.com")
    former = replace(ADDRESS, name="Q. Z.", email=FORMER_EMAIL.upper(), phone="+49 30 7654321")
    acme = sold.cast.acme.pk
    for number, (shipping, billing) in enumerate(((address, address), (by_name, former))):
        purchase = sold.purchase(shipping=shipping, billing=billing, note=f"for {NAME}")
        order_submit(workspace_id=acme, purchase=purchase, key=f"canary-{number}")
    cart_fill(workspace_id=acme, user_id=person.pk, quantities={sold.single.pk: 1})
    cart_set_details(
        workspace_id=acme, user_id=person.pk, shipping=address, billing=address, shipping_option_id=sold.option.pk
    )


def found_in(text: str) -> list[str]:
    """Return the canaries in a text, each with what stands around it."""
    return [
        text[max(0, at.start() - 40) : at.end() + 40] for at in re.finditer("|".join(CANARIES), text, re.IGNORECASE)
    ]


def traces_in_the_database() -> list[str]:
    """Return every place of the database that names the person; events by their type."""
    traces = []
    types = dict(Event.objects.values_list("pk", "type"))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    text = value.tobytes().decode("latin-1") if isinstance(value, memoryview) else str(value)
                    place = f"{table}.{column}"
                    if table == Event._meta.db_table:
                        place += f" of {types[row[columns.index('id')]]}"
                    traces += [f"{place}: {each}" for each in found_in(text)]
    for session in Session.objects.all():
        traces += [f"session: {each}" for each in found_in(str(session.get_decoded()))]
    return traces


def traces_in_files(*folders: Path) -> list[str]:
    """Return every file that names the person; what the cache holds is unpacked, the database was read by itself."""
    traces = []
    for folder in folders:
        for path in folder.rglob("*"):
            if not path.is_file() or ".sqlite3" in path.name:
                continue
            data = path.read_bytes()
            packed = data.find(b"\x78\x9c")
            if packed >= 0:
                data += zlib.decompressobj().decompress(data[packed:])
            text = data.decode("latin-1").replace("=\n", "")
            traces += [f"{path.name}: {each}" for each in found_in(text)]
    return traces


def pages(cast: Cast, person: User) -> dict[str, Callable[[], Any]]:
    """Return the places that show people, by address."""
    acme = cast.acme.pk
    owner, staff = cast.client(cast.owner), cast.client(cast.staff)
    program = sign_in(cast.owner)
    api = (
        "/event", "/user", "/endpoint", "/service_profile", "/tariff_profile", "/application_token", "/shop/order",
        *(f"/endpoint/{pk}/{what}" for pk in Device.objects.values_list("pk", flat=True) for what in ("sms", "event")),
        f"/user/{cast.owner.pk}/event",
    )  # fmt: skip
    workspace = [
        f"/w/{acme}/",
        f"/w/{acme}/devices/",
        f"/w/{acme}/policies/",
        *(f"/w/{acme}/devices/{pk}/" for pk in Device.objects.values_list("pk", flat=True)),
        f"/w/{acme}/settings/users/",
        f"/w/{acme}/settings/support/",
        f"/w/{acme}/settings/requests/",
        f"/w/{acme}/settings/",
        f"/w/{acme}/integrations/",
        f"/w/{acme}/events/",
        f"/w/{acme}/orders/",
        *(f"/w/{acme}/orders/{pk}/" for pk in Order.objects.values_list("pk", flat=True)),
        *(f"/w/{acme}/orders/{pk}/invoice/" for pk in Order.objects.values_list("pk", flat=True)),
        *(f"/w/{acme}/events/{pk}/" for pk in Event.objects.of(acme).values_list("pk", flat=True)),
    ]
    admin = [
        "/admin/events/event/",
        "/admin/events/frozenperson/",
        "/admin/accounts/user/",
        f"/admin/accounts/user/{person.pk}/change/",
        "/admin/accounts/workspacerequest/",
        f"/admin/accounts/workspace/{acme}/members/",
        *(f"/admin/orders/order/{pk}/change/" for pk in Order.objects.values_list("pk", flat=True)),
    ]
    export = f"/w/{acme}/events/export/"
    return {
        **{path: partial(owner.get, path) for path in workspace},
        **{path: partial(staff.get, path) for path in admin},
        **{f"API {path}": partial(program.get, path) for path in api},
        export: partial(owner.post, export, follow=True),
    }


def read(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return str(body.decode())


def test_nothing_is_left_anywhere(
    cast: Cast,
    shop: Shop,  # noqa: F811
    person: User,
    outbox: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    leave_traces(cast, shop, person)
    # The net is fine enough to catch what it is for.
    before = "\n".join(traces_in_the_database())
    for table in (
        "accounts_user", "accounts_invitation", "accounts_workspacerequest", "accounts_companydetails",
        "accounts_applicationtoken", "orders_address", "orders_order", "kit_job", "kit_savedfilter",
        "kit_outgoingmail", "events_frozenperson", "accounts_supportaccess", "sims_device.name", "sims_device.tags",
        "sims_servicepolicy", "sims_coveragepolicy", "sims_sms",
    ):  # fmt: skip
        assert table in before, table
    assert traces_in_files(outbox)
    shown = {path for path, page in pages(cast, person).items() if found_in(read(page()))}
    assert len(shown) > 10

    staff = cast.client(cast.staff)
    with django_capture_on_commit_callbacks(execute=True):
        done = staff.post(f"/admin/accounts/user/{person.pk}/erase/", {"typed": str(person.pk)}, follow=True)
    assert f"User {person.pk} is erased." in text_of(done)

    assert {each.partition(":")[0] for each in traces_in_the_database()} == STAYS
    assert traces_in_files(outbox, Path(loaded.VAR_DIR)) == []
    for path, page in pages(cast, person).items():
        response = page()
        assert response.status_code == 200, path
        body = read(response)
        if SHOWS_EVENTS.search(path):
            for text in TYPED:
                body = body.replace(html.escape(text), "").replace(text, "")
        assert found_in(body) == [], path
    ended = Event.objects.get(type=10042)
    assert ended.detail is not None
    assert ended.detail["reason"] == f"Erased user (User ID: {person.pk}) asked for it by telephone."


def test_what_others_need_is_still_there(
    cast: Cast,
    shop: Shop,  # noqa: F811
    person: User,
    outbox: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    leave_traces(cast, shop, person)
    others = Address.objects.create(
        company="Else", name=NAME, email="else@example.net", street="1", city="X", country="DE"
    )
    events = list(Event.objects.order_by("pk").values())
    with cast.staffing(), django_capture_on_commit_callbacks(execute=True):
        erase_user(user_id=person.pk)
    # No event was touched, and who did it is one and the same person still.
    assert list(Event.objects.filter(pk__lte=events[-1]["id"]).order_by("pk").values()) == events
    erased = f"Erased user (User ID: {person.pk})"
    client = cast.client(cast.owner)
    panel = text_of(client.get(f"/w/{cast.acme.pk}/events/{Event.objects.filter(type=10003).earliest('pk').pk}/"))
    assert f"Action performed by: {erased}." in panel
    # An invoice is the company's: that and the amounts stay, the person goes.
    for row in Order.objects.select_related("billing_address", "shipping_address"):
        assert (row.billing_address.company, row.billing_address.street) == ("Acme GmbH", "Example Street 1")
        assert row.billing_address.phone == ""
        assert row.billing_address.name == "Erased user"
        assert row.items_amount == 300
    # A namesake of another customer is not touched.
    others.refresh_from_db()
    assert (others.name, others.email) == (NAME, "else@example.net")
    assert CompanyDetails.objects.get().invoice_email == ""
    assert SavedFilter.objects.count() == 0
    assert Job.objects.get().title == f"Events of {erased}"
    # Mails to others that name nobody are kept.
    assert all(not found_in(f"{each.to} {each.subject} {each.parts}") for each in mails())
    with cast.acting(cast.owner):
        fresh = invite_user(workspace_id=cast.acme.pk, email=EMAIL, name="Anew", role="User", link=link)
    assert fresh.user_id != person.pk
