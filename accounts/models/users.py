"""People who sign in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.staff_roles import StaffRole
from kit.context import go_on_with
from kit.email_addresses import email_address_of, forms_of


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this e-mail address, whatever its case."""
        return self.alias(address=Lower("email")).get(address__in=forms_of(username or ""))

    # untold: for callers that tell
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user.

        Args:
            email: sign-in address; stored in lower case.
            password: plain text, hashed here; `None` makes an unusable one.
        """
        user = self.model(email=email_address_of(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


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
    moved_by_staff = models.DateTimeField(_("address changed by staff"), null=True, blank=True, editable=False)
    """When the operator's staff last gave the account another address (`docs/rules.md` section 17)."""
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
            # Status 2 is Suspended.
            models.CheckConstraint(
                condition=models.Q(erased__isnull=True) | models.Q(status=2, is_staff=False, is_superuser=False),
                name="user_erased_stays_out",
                violation_error_message=_("This user was erased."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Tell whether the person may sign in, under the name that Django asks for."""
        return self.status == self.Status.ACTIVE

    def end_credentials(self) -> None:
        """End what was signed in with so far: user tokens, sessions, and what was begun with them; saves nothing.

        Who does it to the own account goes on, with what is left of the request in which it was done.
        """
        self.token_epoch += 1
        go_on_with(self.pk, self.token_epoch)

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether a plain password is the account's.

        Django would also store a new hash when hashes have become dearer. Here a password never changes on the side:
        it gets the new cost when it is next chosen.
        """
        return check_password(raw_password, self.password)

    def get_full_name(self) -> str:
        """Return the name as other people see it."""
        return self.name

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.name.split(" ", 1)[0]
