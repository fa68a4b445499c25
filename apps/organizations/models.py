"""Tenants, where they work, who signs in, and which keys call the API."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.models import BaseModel, TenantModel
from apps.organizations.conventions import writes_month_first
from apps.organizations.holidays import countries_with_holidays, subdivisions_of
from apps.organizations.permissions import PERMISSIONS_OF, Permission, Role


def validate_timezone(value: str) -> None:
    """Refuse anything that is no IANA zone name."""
    if value not in available_timezones():
        raise ValidationError(f"{value} is not an IANA time zone. Example: America/New_York")


def default_languages() -> list[str]:
    """Return the languages that the bot answers in unless the organization says otherwise."""
    return ["en", "es", "hi"]


class Organization(BaseModel):
    """A clinic: the tenant that every other row belongs to."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    timezone = models.CharField(max_length=64, default="America/New_York", validators=[validate_timezone])
    country = models.CharField(
        max_length=2, default="US", help_text="ISO 3166-1 alpha-2; also the region of bare phone numbers"
    )
    currency = models.CharField(max_length=3, default="USD", help_text="ISO 4217; what prices are stated in")
    language = models.CharField(max_length=8, default="en")
    languages = ArrayField(models.CharField(max_length=8), default=default_languages)
    phone = models.CharField(max_length=20, blank=True, help_text="E.164; shown to patients")
    emergency_number = models.CharField(max_length=20, default="911")
    quiet_hours_start = models.TimeField(
        default=dt.time(21, 0), help_text="local; nothing planned is sent from here on"
    )
    quiet_hours_end = models.TimeField(default=dt.time(8, 0), help_text="local; until here")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def day_first(self) -> bool:
        """Tell whether 3/4 means the third of April here."""
        return not writes_month_first(self.country)

    def today(self) -> dt.date:
        """Return the date it is now on the organization's wall."""
        return timezone.now().astimezone(self.zone).date()


class Location(TenantModel):
    """A place where patients are seen; wall-clock rules are read in its own zone."""

    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[validate_timezone])
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=80, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, default="US")
    phone = models.CharField(max_length=20, blank=True)
    directions = models.CharField(max_length=300, blank=True, help_text="shown to patients after the address")
    observes_holidays = models.BooleanField(default=False, help_text="closed on the public holidays of its country")
    holiday_subdivision = models.CharField(
        max_length=10, blank=True, help_text="state or province whose holidays count as well, as in ISO 3166-2: NY"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="location_name_is_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse to observe holidays that nobody here knows."""
        if not self.observes_holidays:
            return
        if self.country not in countries_with_holidays():
            message = _("The public holidays of “%(country)s” are not known here. Add its closures one by one instead.")
            raise ValidationError({"observes_holidays": message % {"country": self.country}})
        codes = {code for code, _name in subdivisions_of(self.country)}
        if self.holiday_subdivision and self.holiday_subdivision not in codes:
            message = _("“%(region)s” is no region of %(country)s with holidays of its own. Choose one of: %(known)s.")
            known = ", ".join(sorted(codes)) or _("none")
            values = {"region": self.holiday_subdivision, "country": self.country, "known": known}
            raise ValidationError({"holiday_subdivision": message % values})

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def address_line(self) -> str:
        return ", ".join(part for part in (self.address, self.city, self.region, self.postal_code) if part)


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail, whatever its case."""

    def get_by_natural_key(self, username: str) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a person who can sign in; without a password only a reset link lets them in."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        """Create a person for the admin; row-level security still shows only their memberships' organizations."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin, BaseModel):
    """A person who signs in with an e-mail address; what they may do is in their memberships."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=8, blank=True)
    is_staff = models.BooleanField(default=False, help_text="may open the admin, within their own organization")
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_is_unique_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return (self.name or self.email).split()[0]


class Membership(TenantModel):
    """A person's role in one organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="membership_is_unique_per_person")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS_OF[self.role]


class ApiKey(TenantModel):
    """A revocable key for `Authorization: Bearer`; only its SHA-256 is kept, the key itself is shown once.

    It may do what its user's role allows, narrowed to `scopes` when there are any.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=40, choices=[(p.value, p.value) for p in Permission]), default=list, blank=True
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = [models.UniqueConstraint(fields=["digest"], name="api_key_digest_is_unique")]
        indexes = [models.Index(fields=["organization", "-created_at"], name="api_key_for_list")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_usable(self, now: dt.datetime) -> bool:
        """Tell whether the key opens anything at this time; no query."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
