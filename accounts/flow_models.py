"""What is under way between people and workspaces: invitations, requests for workspaces, support access.

References are by name, so that `accounts.models` can list these beside its own.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Role
from kit.querysets import WorkspaceQuerySet


class Invitation(models.Model):
    """Somebody is asked to join a workspace; open until it is accepted or withdrawn, and usable until it expires.

    Name and address are what the inviting person typed: of an account that exists already, its own name is nobody
    else's business before it has joined.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("workspace")
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("invited account")
    )
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    inviter = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent = models.DateTimeField(_("last sent"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("expires"))
    number = models.PositiveSmallIntegerField(default=1, editable=False)
    """Times it was sent: only the link of the latest mail is good."""
    accepted = models.DateTimeField(_("accepted"), null=True, blank=True, editable=False)
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("workspace", "user"),
                condition=models.Q(accepted__isnull=True, withdrawn__isnull=True),
                name="invitation_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"Invitation {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it was neither accepted nor withdrawn."""
        return self.accepted is None and self.withdrawn is None

    def expired(self, now: datetime) -> bool:
        """Tell whether its link no longer works because of its age."""
        return self.expires <= now


class CompanyDetails(models.Model):
    """Who the customer is in law and for the invoice (events 31 and 32)."""

    class VerificationType(models.IntegerChoices):
        VAT = 1, _("VAT identification number")
        REGISTER = 2, _("Commercial register number")

    class ChargingModel(models.IntegerChoices):
        POSTPAID = 0, _("Postpaid")
        PREPAID = 1, _("Prepaid")

    class PaymentTerm(models.IntegerChoices):
        IMMEDIATELY = 0, _("Due immediately")
        DAYS_14 = 1, _("14 days")
        DAYS_30 = 2, _("30 days")

    workspace = models.OneToOneField(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="company", verbose_name=_("workspace")
    )
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    verification_type = models.PositiveSmallIntegerField(
        _("kind of number"), choices=VerificationType.choices, null=True, blank=True
    )
    verification = models.CharField(_("number"), max_length=40, blank=True)
    charging_model = models.PositiveSmallIntegerField(
        _("charging model"), choices=ChargingModel.choices, default=ChargingModel.POSTPAID
    )
    payment_term = models.PositiveSmallIntegerField(
        _("payment term"), choices=PaymentTerm.choices, default=PaymentTerm.IMMEDIATELY
    )
    vatin = models.CharField(_("VAT number on the invoice"), max_length=20, blank=True)
    invoice_email = models.EmailField(_("invoices go to"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("company details")
        verbose_name_plural = _("company details")

    def __str__(self) -> str:
        return f"Company details of workspace {self.workspace_id}"


class WorkspaceRequest(models.Model):
    """A customer asks the operator for a new workspace, or for one to be linked (event 10041)."""

    class Kind(models.TextChoices):
        NEW = "new", _("New workspace")
        LINKED = "linked", _("Link an existing workspace")

    class Status(models.IntegerChoices):
        OPEN = 0, _("Open")
        DONE = 1, _("Done")
        DECLINED = 2, _("Declined")

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="requests", verbose_name=_("main organisation")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    contact_email = models.EmailField(_("contact e-mail"), max_length=254)
    text = models.TextField(_("what is needed"), max_length=2000)
    requester = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.OPEN)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    handled = models.DateTimeField(_("handled"), null=True, blank=True, editable=False)
    handled_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("workspace request")
        verbose_name_plural = _("workspace requests")
        ordering = ("-id",)
        constraints = (
            # One at a time (`behaviour.md` section 8).
            models.UniqueConstraint(
                fields=("workspace", "kind"), condition=models.Q(status=0), name="workspace_request_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"Request {self.pk} of workspace {self.workspace_id}"


class SupportAccess(models.Model):
    """Staff entered a workspace in place of a user, for a reason (events 13 and 10042)."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="support_accesses", verbose_name=_("workspace")
    )
    staff = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("operator staff")
    )
    acted_for = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("acted for")
    )
    reason = models.CharField(_("reason"), max_length=300)
    started = models.DateTimeField(_("started"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("ends at the latest"))
    ended = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("support access")
        verbose_name_plural = _("support accesses")
        ordering = ("-id",)
        indexes = (models.Index(fields=("workspace", "started"), name="support_access_started"),)
        constraints = (
            models.UniqueConstraint(
                fields=("staff",), condition=models.Q(ended__isnull=True), name="support_access_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"Support access {self.pk} to workspace {self.workspace_id}"
