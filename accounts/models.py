"""Who may enter and what they bought: users, workspaces, memberships, packages, data plans, application tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.device_models import TrustedDevice
from accounts.flow_models import CompanyDetails, Invitation, SupportAccess, WorkspaceRequest
from accounts.permissions import Role
from accounts.staff_roles import StaffRole
from kit.querysets import WorkspaceQuerySet

__all__ = [
    "ApplicationToken",
    "CompanyDetails",
    "Currency",
    "DataPlan",
    "Invitation",
    "Membership",
    "PlatformPackage",
    "SupportAccess",
    "TrustedDevice",
    "User",
    "UserManager",
    "Workspace",
    "WorkspaceRequest",
]


class Currency(models.TextChoices):
    """Currencies of the published price lists; the wire's ids are 1 and 2 in this order."""

    EUR = "EUR", _("Euro")
    USD = "USD", _("US dollar")


class PlatformPackage(models.Model):
    """What a workspace subscribes to; the wire's `tariff_plan`."""

    class Status(models.IntegerChoices):
        STAGING = 0, _("Staging")
        ACTIVE = 1, _("Active")
        DEPRECATED = 2, _("Deprecated")
        DELETED = 3, _("Deleted")

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ACTIVE)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    monthly_rate_cents = models.PositiveIntegerField(
        _("monthly rate in cents"), default=0, help_text=_("Base fee a month, in cents of the currency.")
    )
    sim_rates = models.JSONField(
        _("SIM rates"),
        default=list,
        blank=True,
        help_text=_('Price of an activated SIM a month by volume: [{"scale_start": 1, "rate": 0.75}, …].'),
    )
    evaluation = models.BooleanField(_("trial"), default=False)
    trial_days = models.PositiveSmallIntegerField(_("trial days"), default=0, help_text=_("0: no end."))
    factory_test_allowed = models.BooleanField(_("allows factory test"), default=False)
    workspaces_allowed = models.BooleanField(_("allows linked workspaces"), default=False)
    max_workspaces = models.PositiveSmallIntegerField(_("workspaces at most"), default=1)
    max_data_plans = models.PositiveSmallIntegerField(_("data plans at most"), default=1)
    max_active_sims = models.PositiveIntegerField(_("active SIMs at most"), null=True, blank=True)
    max_users = models.PositiveIntegerField(_("users at most"), null=True, blank=True)

    class Meta:
        verbose_name = _("platform package")
        verbose_name_plural = _("platform packages")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class DataPlan(models.Model):
    """A price list for traffic, chosen by coverage policies; the wire's `tariff`."""

    class Category(models.TextChoices):
        PAY_PER_USE = "pay_per_use", _("Pay per use")
        POOLED = "pooled", _("Pooled allowance")
        FIXED = "fixed", _("Fixed allowance")

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category.choices, default=Category.POOLED)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    included_mb = models.PositiveIntegerField(_("included MB per activated SIM"), default=0)
    active = models.BooleanField(_("can be booked"), default=True)

    class Meta:
        verbose_name = _("data plan")
        verbose_name_plural = _("data plans")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this e-mail address, whatever its case."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user.

        Args:
            email: sign-in address; stored in lower case.
            password: plain text, hashed here; `None` makes an unusable one.
        """
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a member of the operator's staff with every right in the admin site."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail: customer or operator staff."""

    class Status(models.IntegerChoices):
        ACTIVATION_PENDING = 0, _("Activation pending")
        ACTIVE = 1, _("Active")
        SUSPENDED = 2, _("Suspended")

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=150)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ACTIVE)
    is_staff = models.BooleanField(_("operator staff"), default=False)
    staff_role = models.CharField(
        _("staff role"),
        max_length=20,
        choices=StaffRole.choices,
        blank=True,
        help_text=_("What a member of staff may do in the admin site; a superuser may do everything."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    default_workspace = models.ForeignKey(
        "Workspace",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default workspace"),
        help_text=_("The first one joined; sign-in opens it."),
    )
    failed_sign_ins = models.PositiveSmallIntegerField(_("consecutive failed sign-ins"), default=0, editable=False)
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True, editable=False)
    token_epoch = models.PositiveIntegerField(default=0, editable=False)
    """Raised when the password or the account changes: user tokens made before are refused from then on."""
    preferences = models.JSONField(_("view preferences"), default=dict, blank=True, editable=False)
    erased = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(
                Lower("email"), name="user_email_unique", violation_error_message=_("This e-mail address is taken.")
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's name for "may sign in"."""
        return self.status == self.Status.ACTIVE

    def get_full_name(self) -> str:
        """Return the name as other people see it."""
        return self.name

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.name.split(" ", 1)[0]


class Workspace(models.Model):
    """The billable entity that owns SIMs, devices, policies and its part of the log; the wire's `organisation`."""

    class Type(models.IntegerChoices):
        OPERATOR = 1, _("Mobile network operator")
        SERVICE_PROVIDER = 2, _("Service provider")
        RESELLER = 3, _("Reseller")
        ENTERPRISE = 4, _("Enterprise")

    class Status(models.IntegerChoices):
        ENABLED = 0, _("Enabled")
        SUSPENDED = 1, _("Suspended")

    name = models.CharField(_("name"), max_length=120)
    type = models.PositiveSmallIntegerField(_("type"), choices=Type.choices, default=Type.ENTERPRISE)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ENABLED)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166 code, e.g. DE."))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices, default=Currency.EUR)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    main = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="linked",
        verbose_name=_("main organisation"),
        help_text=_("Empty for an organisation of its own."),
    )
    super_admin = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SuperAdmin"),
        help_text=_("Of a main organisation only: has access to all workspaces linked to it."),
    )
    package = models.ForeignKey(
        PlatformPackage, on_delete=models.PROTECT, related_name="workspaces", verbose_name=_("platform package")
    )
    data_plans = models.ManyToManyField(DataPlan, blank=True, related_name="workspaces", verbose_name=_("data plans"))
    factory_test_override = models.BooleanField(
        _("factory test"), null=True, blank=True, help_text=_("Unknown: as the package says.")
    )
    factory_test_bytes = models.PositiveBigIntegerField(
        _("factory test data limit in bytes"), default=100_000, validators=[MinValueValidator(1)]
    )
    factory_test_sms = models.PositiveIntegerField(
        _("factory test SMS limit"), default=10, validators=[MinValueValidator(1)]
    )
    factory_test_days = models.PositiveSmallIntegerField(
        _("factory test period in days"), default=180, validators=[MinValueValidator(1)]
    )
    event_days = models.PositiveSmallIntegerField(
        _("days events are kept"), default=400, validators=[MinValueValidator(30)]
    )
    mfa_required = models.BooleanField(_("second factor required"), default=False)
    users = models.ManyToManyField(
        User, through="Membership", through_fields=("workspace", "user"), related_name="workspaces"
    )

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(main__isnull=True) | models.Q(super_admin__isnull=True),
                name="workspace_superadmin_on_main",
                violation_error_message=_("Only a main organisation has a SuperAdmin."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def factory_test_allowed(self) -> bool:
        """Whether SIMs may enter factory test: the workspace's own setting, else the package's."""
        if self.factory_test_override is not None:
            return self.factory_test_override
        return self.package.factory_test_allowed


class Membership(models.Model):
    """A user's role in one workspace; SuperAdmin is no membership but stands on the main organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("workspace")
    )
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("workspace", "user")
        constraints = (models.UniqueConstraint(fields=("user", "workspace"), name="membership_unique"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}: {self.role}"


class ApplicationToken(models.Model):
    """A program's key to one workspace; the value is shown once and kept as a hash only (`behaviour.md` 10)."""

    class Status(models.IntegerChoices):
        ACTIVATED = 0, _("Activated")
        REVOKED = 1, _("Revoked")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="application_tokens")
    description = models.CharField(_("description"), max_length=200, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status.choices, default=Status.ACTIVATED)
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.label) for role in Role.assignable()])
    creator = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expiry_date = models.DateTimeField(_("expires"), null=True, blank=True)
    ip = models.CharField(_("address range"), max_length=49, blank=True, help_text=_("CIDR, e.g. 192.0.2.0/24."))
    last_used = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("application token")
        verbose_name_plural = _("application tokens")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.description or str(_("Application token %(id)s") % {"id": self.pk})
