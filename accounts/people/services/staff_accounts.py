"""Accounts of people, as the operator's staff manage them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.authority import customer_places, require_over
from accounts.changes import assign, check, differences
from accounts.locking import lock_user
from accounts.models import User
from accounts.naming import person_name, require_unlike_members
from accounts.permissions import authorise_staff
from accounts.selectors import (
    entries_of,
    home_workspace_id,
    may_support,
    operator_workspace_id,
    person_of,
    user_by_email,
)
from accounts.sign_in.services.passwords import encoded_password, require_chooser
from accounts.sign_in.services.sessions import drop_sessions
from accounts.signals import Changes
from accounts.staff_roles import STAFF_ACCOUNTS
from accounts.standing import withhold
from accounts.support.services import end_accesses_of
from kit.action import action, retried
from kit.context import current_actor, current_context
from kit.email_addresses import email_address_of
from kit.errors import Conflict, DomainError, Invalid

_EDITABLE: Final = frozenset({"name", "email", "is_staff", "is_superuser", "staff_role"})
_STAFF: Final = frozenset({"is_staff", "is_superuser", "staff_role"})
_PERSONAL: Final = frozenset({"name", "email"})
"""Stand with the frozen person alone and never in an event, so that a person can be erased."""


@retried
@sensitive_variables("password")
def create_user(
    *,
    email: str,
    name: str,
    password: str | None = None,
    status: int = User.Status.ACTIVE,
    is_staff: bool = False,
    is_superuser: bool = False,
    staff_role: str = "",
) -> User:
    """Make an account; it can sign in but sees nothing until it is added to a workspace.

    Args:
        email: sign-in address, stored in lower case.
        name: full name.
        password: plain text, for staff; `None` for an account that can't sign in by password yet. Customers choose
            theirs by the link of a mail (`send_password_reset`).
        status: Active, or Activation pending.
        is_staff: member of the operator's staff, who may use the admin site.
        is_superuser: staff with every right in the admin site.
        staff_role: what other staff may do there, a value of `StaffRole`.

    Raises:
        Forbidden: somebody else than staff asks, or somebody else than a superuser makes an account of staff.
        Conflict: the address is taken.
        Invalid: an input is wrong.
    """
    actor = authorise_staff("accounts.add_user")
    if is_staff or is_superuser or staff_role:
        authorise_staff(STAFF_ACCOUNTS)
    if password is not None:
        require_chooser(actor, is_staff=is_staff)
    if user_by_email(email) is not None:
        raise Conflict(
            _("There is an account with the address %(email)s.") % {"email": email.strip()},
            code="duplicate",
            field="email",
        )
    user = User(
        email=email_address_of(email),
        name=person_name(name),
        status=status,
        is_staff=is_staff,
        is_superuser=is_superuser,
        staff_role=staff_role,
        created=current_context().now(),
    )
    check(user, ("email", "name", "status", "staff_role"))
    _check_staff(user)
    user.password = encoded_password(password, user)
    with action():
        user.save(force_insert=True)
        workspace_id = operator_workspace_id()
        signals.user_created.send(sender=User, workspace_id=workspace_id, subject=person_of(user))
    return user


@retried
def update_user(*, user_id: int, changes: Mapping[str, Any]) -> User:
    """Change name, address or staff rights of an account; support access ends with the right to it.

    The address of a customer is changed by `change_customer_address` alone.

    Args:
        user_id: whose.
        changes: `name`, `email`, `is_staff`, `is_superuser` or `staff_role` to new value.

    Raises:
        Forbidden: somebody else than staff asks, or somebody else than a superuser about staff or staff rights.
        NotFound, Invalid, Conflict: no such user, a wrong value, an address that is taken.
        Conflict: another address for a customer; or staff rights for somebody who belongs to customers' workspaces; the
            text names them.
    """
    actor = authorise_staff("accounts.change_user")
    values = dict(changes)
    if "name" in values and values["name"] != User.objects.filter(pk=user_id).values_list("name", flat=True).first():
        values["name"] = person_name(values["name"])
    if "email" in values:
        values["email"] = email_address_of(values["email"])
        taken = user_by_email(values["email"])
        if taken is not None and taken.pk != user_id:
            raise Conflict(
                _("There is an account with the address %(email)s.") % {"email": values["email"]},
                code="duplicate",
                field="email",
            )
    if actor.id == user_id and _STAFF & set(values):
        _refuse_own(user_id)
    with action():
        if _STAFF & set(values):
            withhold(users=[user_id])
        user = lock_user(user_id)
        require_over(user)
        if _STAFF & set(values):
            authorise_staff(STAFF_ACCOUNTS)
        _refuse_customer_address(user, values)
        before = {name: getattr(user, name) for name in values}
        changed = assign(user, values, _EDITABLE)
        if not changed:
            return user
        _check_staff(user)
        if "name" in changed:
            require_unlike_members(user.name, [entry.id for entry in entries_of(user_id)], besides=user_id)
        if "is_staff" in changed and user.is_staff:
            _require_no_customer(user_id)
        if set(changed) != {"name"}:
            # Keys given to somebody with other rights or another address must not outlive them.
            user.end_credentials()
        user.save(update_fields=[*changed, "token_epoch"])
        told = differences(before, user, [name for name in changed if name not in _PERSONAL])
        _tell(user, "updated", told)
        if _STAFF & set(changed) and not may_support(user):
            end_accesses_of(user_id)
    return user


def _refuse_customer_address(user: User, values: Mapping[str, Any]) -> None:
    """Refuse another address for a customer: the new mailbox has to confirm it, and the old one to be told."""
    if not user.is_staff and values.get("email", user.email) != user.email:
        raise Conflict(_("A customer's address changes with a mail to it."), code="confirmation", field="email")


def _check_staff(user: User) -> None:
    if user.staff_role and not user.is_staff:
        raise Invalid(_("Only a member of the operator's staff has a staff role."), field="staff_role")


def _require_no_customer(user_id: int) -> None:
    """Refuse staff rights to somebody who belongs to customers' workspaces (`docs/rules.md` section 9)."""
    names = customer_places(user_id)
    if names:
        text = _(
            "Staff are no members of customers’ workspaces. Take this person out of these first, and name another "
            "SuperAdmin where they are it: %(names)s."
        )
        raise Conflict(text % {"names": ", ".join(names)}, code="member", field="is_staff")


def suspend_user(*, user_id: int) -> User:
    """Keep somebody out of every workspace; sessions, tokens and support access end at once.

    Staff may suspend the last Administrator of a workspace too: they are the ones who can name another.

    Args:
        user_id: whom.

    Raises:
        Forbidden: somebody else than staff asks, or somebody else than a superuser about a member of staff.
        NotFound: there is no such user.
        Conflict: the account was never activated.
        DomainError: it is the actor's own account.
    """
    _refuse_own(user_id)
    return _move(user_id, User.Status.SUSPENDED, "suspended")


def reactivate_user(*, user_id: int) -> User:
    """Let a suspended user in again. Args and errors as `suspend_user`."""
    return _move(user_id, User.Status.ACTIVE, "reactivated")


@retried
def unlock_user(*, user_id: int) -> User:
    """End the lock after failed sign-ins before its time. Args and errors as `suspend_user`."""
    authorise_staff("accounts.change_user")
    with action():
        user = lock_user(user_id)
        require_over(user)
        locked = user.locked_until is not None and user.locked_until > current_context().now()
        if locked or user.failed_sign_ins:
            user.locked_until = None
            user.failed_sign_ins = 0
            user.save(update_fields=["locked_until", "failed_sign_ins"])
        if locked:
            _tell(user, "unlocked", {})
    return user


@retried
def _move(user_id: int, status: User.Status, what: str) -> User:
    authorise_staff("accounts.change_user")
    with action():
        withhold(users=[user_id])
        user = lock_user(user_id)
        require_over(user)
        if user.status == status:
            return user
        if user.status == User.Status.ACTIVATION_PENDING:
            raise Conflict(_("This account was never activated, so its state can't change."), code="not_active")
        old = user.status
        user.status = status
        user.end_credentials()
        user.save(update_fields=["status", "token_epoch"])
        _tell(user, what, {"status": {"from": old, "to": status.value}})
        if status == User.Status.SUSPENDED:
            # Not only shut while it lasts: an old cookie must not work again after it.
            drop_sessions(user_id)
            end_accesses_of(user_id)
    return user


def _tell(user: User, what: str, changes: Changes) -> None:
    workspace_id = home_workspace_id(user)
    signals.user_updated.send(
        sender=User, workspace_id=workspace_id, subject=person_of(user), what=what, changes=changes
    )


def _refuse_own(user_id: int) -> None:
    person = current_actor().person
    if person is not None and person.user_id == user_id:
        raise DomainError(_("You can't change your own account here."), code="own_account")
