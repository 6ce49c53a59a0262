"""No change of business state without a row in the log: every service and every model is looked at.

What changes something sends a domain signal inside `action()`; every signal has a listener in the log. A function that
does neither says why in the line above it, `# untold: …`; models and columns without events are in `events/audited.py`
with their reasons. A new function or signal that does none of this fails here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.dispatch import Signal

from events.audited import AUDITED, UNAUDITED

BASE = Path(settings.BASE_DIR)
APPS = ("accounts", "sims", "orders")
PACKAGES = (*APPS, "events", "kit")
OUTSIDE = frozenset({"migrations", "tests", "management", "admin", "staff"})
"""Folders that are not looked through: tables' history, commands that call services, and forms of the admin site."""
SIGNALS = {
    f"{app}.signals": {
        name: each for name, each in vars(import_module(f"{app}.signals")).items() if isinstance(each, Signal)
    }
    for app in APPS
}
LABELS = {model.__name__: model._meta.label for model in apps.get_models()}
WRITES = frozenset(
    {"save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
    | {"update_each"}
)

_OF_TABLE = {model._meta.db_table: model for model in apps.get_models()}
_TOLD_ALL_THE_SAME = frozenset(
    {"accounts_trusteddevice", "mfa_authenticator", "sims_sms", "sims_usagerecord", "sims_usageday", "orders_address"}
    | {"events_event", "events_retentionreceipt", "sims_simmodel", "account_emailaddress", "usersessions_usersession"}
    | {"django_session", "accounts_savedview"}
)
"""Tables that the database does not watch, and that services change with an event all the same."""
EXEMPT_MODELS = {
    _OF_TABLE[table]._meta.label: reason for table, reason in UNAUDITED.items() if table not in _TOLD_ALL_THE_SAME
}
"""Models whose rows may change without an event, and why."""

EXEMPT_COLUMNS = {
    _OF_TABLE[audited.table]._meta.label: {
        field.name: audited.exempt[field.attname]
        for field in _OF_TABLE[audited.table]._meta.fields
        if field.attname in audited.exempt
    }
    for audited in AUDITED
    if audited.exempt
} | {"mfa.Authenticator": {"last_used_at": "notes when it was used; the sign-in is 10020"}}
"""Columns that may change without an event, and why."""

MANAGERS = ("objects", "_default_manager", "written")
UNTOLD = "# untold: "
"""Begins the comment above a function that writes rows and leaves the telling to its caller; the reason follows."""


@dataclass(frozen=True)
class Module:
    """A module with its functions and methods, and what it calls signals."""

    name: str
    functions: dict[str, ast.FunctionDef]
    signals: frozenset[str]
    lines: list[str]

    def reason(self, name: str) -> str:
        """Return why a function tells nothing, from the comment above it; "" when there is none."""
        node = self.functions[name]
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        above = self.lines[first - 2].strip() if first > 1 else ""
        return above.removeprefix(UNTOLD) if above.startswith(UNTOLD) else ""


def modules() -> Iterator[Module]:
    """Yield every module that may hold business code, by its dotted name."""
    for package in PACKAGES:
        for path in sorted((BASE / package).rglob("*.py")):
            parts = path.relative_to(BASE).with_suffix("").parts
            if not OUTSIDE & set(parts):
                yield read(".".join(parts), path.read_text(encoding="utf-8"))


def read(name: str, source: str) -> Module:
    """Return a module's functions and methods by name, and the names under which it knows domain signals."""
    tree = ast.parse(source)
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}": each for each in node.body if isinstance(each, ast.FunctionDef)}
    imported = set()
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ImportFrom) and inner.module in SIGNALS:
            imported |= {alias.asname or alias.name for alias in inner.names} & SIGNALS[inner.module].keys()
        elif isinstance(inner, ast.ImportFrom) and f"{inner.module}.signals" in SIGNALS:
            called = [alias.asname or alias.name for alias in inner.names if alias.name == "signals"]
            imported |= {f"{each}.{signal}" for each in called for signal in SIGNALS[f"{inner.module}.signals"]}
    return Module(name, found, frozenset(imported), source.splitlines())


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


def sends(node: ast.AST, module: Module) -> bool:
    """Tell whether a function sends a domain signal itself, or hands one to a function that sends it."""
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Call):
            continue
        sent = [inner.func.value] if isinstance(inner.func, ast.Attribute) and inner.func.attr == "send" else inner.args
        if any(ast.unparse(each) in module.signals for each in sent if isinstance(each, ast.Name | ast.Attribute)):
            return True
    return False


def called_here(node: ast.AST, module: Module) -> set[str]:
    """Return the functions and methods of the module that one of them calls."""
    named = calls(node)
    return {each for each in module.functions if each.rpartition(".")[2] in named}


def reaches(name: str, module: Module, seen: frozenset[str] = frozenset()) -> bool:
    """Tell whether a function sends a signal, itself or by functions of its module."""
    node = module.functions[name]
    return sends(node, module) or any(
        reaches(each, module, seen | {name}) for each in called_here(node, module) - seen - {name}
    )


def tells(name: str, module: Module, seen: frozenset[str] = frozenset()) -> bool:
    """Tell whether a function, or everybody who calls it in its module, sends a signal."""
    if reaches(name, module):
        return True
    above = {
        other
        for other, node in module.functions.items()
        if other != name and other not in seen and name in called_here(node, module)
    }
    return bool(above) and all(tells(each, module, seen | {name}) for each in above)


def writes(node: ast.AST) -> list[ast.Call]:
    """Return the calls of a function that write rows."""
    return [inner for inner in ast.walk(node) if isinstance(inner, ast.Call) and is_write(inner)]


def is_write(call: ast.Call) -> bool:
    """Tell whether a call writes rows: those of dictionaries, caches and routers take other arguments."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in WRITES):
        return False
    if call.func.attr == "delete":
        return not call.args and not call.keywords
    if call.func.attr in ("update", "create"):
        on_a_widget = isinstance(call.func.value, ast.Attribute) and call.func.value.attr == "attrs"
        return bool(call.keywords) and not call.args and not on_a_widget
    return True


def model_of(call: ast.Call) -> str:
    """Return the label of the model that a call names, as `Cart.objects…` does; "" when it names none."""
    inner: ast.AST = call
    while isinstance(inner, ast.Call | ast.Attribute):
        if isinstance(inner, ast.Attribute) and inner.attr in MANAGERS:
            return LABELS.get(ast.unparse(inner.value), "")
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return ""


def columns_of(call: ast.Call) -> set[str]:
    """Return the columns that a call writes; an empty set when they are not listed in it."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "update":
        return {each.arg or "?" for each in call.keywords}
    listed = next((each.value for each in call.keywords if each.arg == "update_fields"), None)
    if not isinstance(listed, ast.List | ast.Tuple):
        return set()
    return {each.value if isinstance(each, ast.Constant) else "?" for each in listed.elts}  # type: ignore[misc]


def is_exempt(call: ast.Call) -> bool:
    """Tell whether a write needs no event, by its model or by its columns."""
    label, columns = model_of(call), columns_of(call)
    if label in EXEMPT_MODELS:
        return True
    allowed = [EXEMPT_COLUMNS[label]] if label in EXEMPT_COLUMNS else [] if label else EXEMPT_COLUMNS.values()
    return bool(columns) and any(columns <= each.keys() for each in allowed)


def test_everything_that_writes_tells() -> None:
    silent = [
        f"{module.name}.{name}: {', '.join(sorted({ast.unparse(call)[:60] for call in found}))}"
        for module in modules()
        for name, node in module.functions.items()
        if not module.reason(name)
        and (found := [call for call in writes(node) if not is_exempt(call)])
        and not tells(name, module)
    ]
    assert not silent, (
        "These write rows and send no domain signal, so nothing is logged. Send one inside action(), or give the "
        f"reason in the line above the function, {UNTOLD}…:\n" + "\n".join(silent)
    )


def test_another_send_is_no_telling() -> None:
    """A mail's `send` does not count, nor a signal of somebody else."""
    source = """
from accounts import signals
from django.core.signals import request_started

def told(user):
    user.save()
    signals.role_changed.send(sender=1)

# untold: the mail is told by its caller
@decorated
def mailed(user):
    user.save()
    mail.send()
    request_started.send(sender=1)
"""
    module = read("sample", source)
    assert tells("told", module)
    assert not tells("mailed", module)
    assert (module.reason("told"), module.reason("mailed")) == ("", "the mail is told by its caller")
    for text, expected in (
        ("user.save(update_fields=['failed_sign_ins', 'locked_until'])", True),
        ("User.objects.filter(pk=1).update(last_login=now)", True),
        ("user.save(update_fields=['failed_sign_ins', 'email'])", False),
        ("user.save()", False),
        ("User.objects.update(status=1)", False),
    ):
        assert is_exempt(writes(ast.parse(text))[0]) is expected, text


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
    known = {model._meta.label: model for model in apps.get_models()}
    assert set(EXEMPT_MODELS) <= known.keys()
    for label, columns in EXEMPT_COLUMNS.items():
        assert columns.keys() <= {field.name for field in known[label]._meta.fields}, label
    needless, reasons, read_by_us = [], 0, 0
    for module in modules():
        reasons += sum(line.strip().startswith(UNTOLD.strip()) for line in module.lines)
        for name, node in module.functions.items():
            if module.reason(name):
                read_by_us += 1
                if all(is_exempt(call) for call in writes(node)) or tells(name, module):
                    needless.append(f"{module.name}.{name}")
    assert not needless, f"These tell, or write nothing that has to be told, and need no reason: {needless}"
    assert reasons == read_by_us > 0, f"{reasons - read_by_us} times `{UNTOLD}` stands above no function, or is empty"


SURFACES = {"views", "api", "admin"}


def test_nobody_writes_past_the_services() -> None:
    """Views, API and admin write by services only."""
    guilty = [
        f"{path.relative_to(BASE)}:{node.lineno}"
        for app in APPS
        for path in sorted((BASE / app).rglob("*.py"))
        if SURFACES & {*path.relative_to(BASE).parts, path.stem}
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
        if isinstance(inner, ast.Attribute) and inner.attr in MANAGERS:
            return True
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return False
