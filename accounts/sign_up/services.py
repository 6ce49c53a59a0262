"""Making an account for oneself, and a forgotten password (`docs/rules.md` sections 17, 18; events 17, 37, 40, 41)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import mails, signals
from accounts.mail_links import LinkMaker
from accounts.models import DataPlan, Membership, PlatformPackage, User, Workspace
from accounts.naming import person_name
from accounts.people.services.verification import ask_to_verify
from accounts.permissions import Role
from accounts.selectors import person_of, user_by_email
from accounts.workspaces.services.workspaces import create_workspace
from kit.action import action, retried
from kit.context import ANONYMOUS, SYSTEM, acting_within, current_context
from kit.email_addresses import checked_email
from kit.errors import Conflict
from kit.text import one_line


def trial_package() -> PlatformPackage | None:
    """Return the package that new customers begin with; without one nobody can sign up."""
    return PlatformPackage.objects.filter(status=PlatformPackage.Status.ACTIVE, evaluation=True).order_by("pk").first()


def first_data_plan(package: PlatformPackage) -> DataPlan | None:
    """Return the data plan that new customers begin with, the cheapest on offer; `None` where their package has none.

    Without a plan there is no coverage policy and so no device. Nothing is charged for it before a SIM is activated,
    and the customer can book another one.
    """
    if not package.max_data_plans:
        return None
    offered = DataPlan.objects.filter(active=True, currency=package.currency)
    return offered.order_by("monthly_rate", "excess_rate", "pk").first()


@retried
def sign_up(*, email: str, name: str, organisation: str, link: LinkMaker, sign_in_url: str) -> None:
    """Make an account with a workspace of its own, and ask by mail to verify the address (events 17 and 40).

    Whoever asks learns nothing about an address that has an account: its owner gets a mail that says so. A password is
    chosen with the mail in hand, so that nobody holds one to an account whose address is another person's.

    Args:
        email: sign-in address.
        name: full name.
        organisation: name of the workspace.
        link: makes the address of the verification mail.
        sign_in_url: for the mail to somebody who has an account.

    Raises:
        Invalid: an input is wrong; `field` names it.
        Conflict: nobody can sign up here.
    """
    address, called = checked_email(email, field="email"), person_name(name)
    place = one_line(organisation, most=120, field="organisation")
    package = trial_package()
    if package is None:
        raise Conflict(_("Nobody can sign up here at the moment."), code="closed")
    with acting_within(ANONYMOUS), action():
        found = user_by_email(address)
        if found is not None:
            _tell_owner(found, link, sign_in_url)
            return
        user = User(email=address, name=called, status=User.Status.ACTIVATION_PENDING, created=current_context().now())
        user.set_unusable_password()
        user.save(force_insert=True)
        with acting_within(SYSTEM):
            plan = first_data_plan(package)
            workspace = create_workspace(
                name=place,
                package_id=package.pk,
                currency=package.currency,
                data_plan_ids=[plan.pk] if plan is not None else [],
            )
        membership = Membership.objects.create(
            workspace=workspace, user=user, role=Role.ADMINISTRATOR, joined=current_context().now()
        )
        # The longest-standing Administrator is SuperAdmin (`docs/rules.md` section 8).
        Workspace.objects.filter(pk=workspace.pk).update(super_admin=user)
        user.default_workspace = workspace
        user.save(update_fields=["default_workspace"])
        covers = {"membership": [membership.pk], "workspace": [workspace.pk]}
        signals.user_signed_up.send(sender=User, workspace=workspace, subject=person_of(user), covers=covers)
        ask_to_verify(user, workspace.pk, link)


def _tell_owner(user: User, link: LinkMaker, sign_in_url: str) -> None:
    """Answer a sign-up for an address that is taken by a mail to it."""
    own = Workspace.objects.filter(super_admin=user).values_list("pk", flat=True).first()
    if user.erased is not None:
        return
    if user.status == User.Status.ACTIVATION_PENDING and own is not None:
        ask_to_verify(user, own, link)
    else:
        mails.send_later("account_exists", user.email, {"user": user, "link": sign_in_url})
