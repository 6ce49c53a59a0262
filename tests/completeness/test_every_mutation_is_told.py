"""No change of business state without a row in the log: every service and every model is looked at.

A service that changes something sends a domain signal inside `action()`; every signal has a listener in the log. What
has none is in `EXEMPT` with its reason. A new service or signal that does neither fails here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.dispatch import Signal

BASE = Path(settings.BASE_DIR)
APPS = ("accounts", "sims", "orders")
WRITES = frozenset(
    {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
)

EXEMPT_MODELS = {
    "kit.Job": "a job: what it does is told by the action it runs",
    "kit.OutgoingMail": "delivery state: what a mail tells has its own event",
    "kit.SavedFilter": "a view preference: a long list behind a short address",
    "sims.FactoryTestRange": "a counter of the checks",
    "sims.FactoryTestWatch": "the state of a watch; late and on time are 10077 and 10078",
    "orders.Cart": "a half-filled form: an order is told when it is submitted",
    "orders.CartLine": "part of a cart",
    "accounts.User": "own columns: failed sign-ins and locks are 6 and 10022, preferences are a view's",
}
"""Models whose rows may change without an event, and why."""

EXEMPT_FUNCTIONS = {
    "accounts.services.users._move": "tells by `_tell`",
    "accounts.services.users.update_user": "tells by `_tell`",
    "accounts.services.users.unlock_user": "tells by `_tell`",
    "accounts.services.users.choose_password": "sets a column for callers that tell",
    "accounts.services.members.close_account": "part of a removal, which is 46",
    "accounts.services.invitations._invited_account": "part of an invitation, which is 36",
    "accounts.services.invitations._activate": "part of accepting, which is 41",
    "accounts.services.mfa.start_second_factor": "a key that waits for its first code opens and closes nothing",
    "accounts.services.mfa_devices.is_trusted": "notes when a device was used; the sign-in is 10020",
    "accounts.services.sessions.note_activity": "notes when a session was used",
    "accounts.services.sessions.follow_session": "the same session under another key",
    "accounts.services.erasure._erase_rows": "part of an erasure, which is 10027",
    "sims.services.deliveries._deliver": "what the network reports, like usage; the message itself is 10013",
    "sims.services.deliveries.expire_messages": "what the network has not reported in time; the message is 10013",
    "orders.services.cart.cart_set_details": "a cart is a half-filled form",
    "orders.services.cart.cart_set_payment": "a cart is a half-filled form",
    "orders.services.cart._drop": "a cart is a half-filled form",
    "orders.services.shipping._allot": "part of shipping, which is 39",
}
"""Functions that write rows and leave the telling to their caller."""


def functions(app: str) -> Iterator[tuple[str, ast.FunctionDef, dict[str, ast.FunctionDef]]]:
    """Yield every function of an app's services with its dotted name and those of its module."""
    for path in sorted((BASE / app / "services").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for name, node in own.items():
            yield f"{app}.services.{path.stem}.{name}", node, own


def calls(node: ast.AST) -> set[str]:
    """Return the names of everything a function calls."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            if isinstance(inner.func, ast.Attribute):
                found.add(inner.func.attr)
            elif isinstance(inner.func, ast.Name):
                found.add(inner.func.id)
    return found


def reaches(node: ast.FunctionDef, own: dict[str, ast.FunctionDef], wanted: str, seen: set[str]) -> bool:
    """Tell whether a function calls something, itself or by functions of its module."""
    named = calls(node)
    if wanted in named:
        return True
    for name in named & own.keys() - seen:
        seen.add(name)
        if reaches(own[name], own, wanted, seen):
            return True
    return False


def callers(name: str, own: dict[str, ast.FunctionDef]) -> list[ast.FunctionDef]:
    return [node for other, node in own.items() if other != name and name in calls(node)]


def tells(name: str, node: ast.FunctionDef, own: dict[str, ast.FunctionDef], seen: frozenset[str]) -> bool:
    """Tell whether a function, or everybody who calls it in its module, sends a signal."""
    if reaches(node, own, "send", set()):
        return True
    above = [caller for caller in callers(name, own) if caller.name not in seen]
    return bool(above) and all(tells(caller.name, caller, own, seen | {name}) for caller in above)


@pytest.mark.parametrize("app", APPS)
def test_every_service_that_writes_tells(app: str) -> None:
    silent = [
        dotted
        for dotted, node, own in functions(app)
        if calls(node) & WRITES
        and dotted not in EXEMPT_FUNCTIONS
        and not tells(node.name, node, own, frozenset())
        and not any(f"{app}.{model}" in EXEMPT_MODELS for model in written_models(node))
    ]
    assert not silent, (
        "These services write rows and send no domain signal, so nothing is logged. Send one inside action(), or give "
        f"the reason in EXEMPT_FUNCTIONS: {silent}"
    )


def written_models(node: ast.FunctionDef) -> set[str]:
    """Return the models named in a function: `Cart.objects…`."""
    return {
        inner.value.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute) and inner.attr == "objects" and isinstance(inner.value, ast.Name)
    }


@pytest.mark.parametrize("app", APPS)
def test_every_signal_has_a_listener_in_the_log(app: str) -> None:
    module = import_module(f"{app}.signals")
    unheard = []
    for name, signal in vars(module).items():
        if not isinstance(signal, Signal):
            continue
        listeners = [
            getattr(reference(), "__module__", "")
            for _key, reference, *_rest in signal.receivers
            if callable(reference)
        ]
        if not any(listener.startswith("events.handlers") for listener in listeners):
            unheard.append(name)
    assert not unheard, f"{app}.signals: nobody in events/handlers listens to {unheard}"


def test_nothing_is_exempt_that_is_not_there() -> None:
    known = {model._meta.label for model in apps.get_models()}
    assert set(EXEMPT_MODELS) <= known
    names = {dotted for app in APPS for dotted, _node, _own in functions(app)}
    assert set(EXEMPT_FUNCTIONS) <= names, sorted(set(EXEMPT_FUNCTIONS) - names)


def test_nobody_writes_past_the_services() -> None:
    """Views, API and admin write by services only."""
    guilty = [
        f"{path.relative_to(BASE)}:{node.lineno}"
        for app in APPS
        for folder in ("views", "api", "admin")
        for path in sorted((BASE / app / folder).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and is_manager_write(node)
    ]
    assert not guilty, f"These write rows past the services: {guilty}"


def is_manager_write(node: ast.Call) -> bool:
    """Tell whether a call is `Something.objects.….update/create/delete(…)`."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in WRITES):
        return False
    inner: ast.AST = node.func.value
    while isinstance(inner, ast.Call | ast.Attribute):
        if isinstance(inner, ast.Attribute) and inner.attr == "objects":
            return True
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return False
