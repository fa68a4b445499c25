"""Who may do what in the admin: administrators of an organization, within that organization's rows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from apps.core.tenancy import all_organizations
from apps.organizations.models import Membership, User
from apps.organizations.permissions import Role


class RoleBackend(BaseBackend):
    """Grant every model permission to staff who are administrators somewhere; row-level security bounds the rows."""

    def has_perm(self, user_obj: User, perm: str, obj: Any = None) -> bool:
        return user_obj.is_active and user_obj.is_staff and _is_administrator(user_obj)

    def has_module_perms(self, user_obj: User, app_label: str) -> bool:
        return self.has_perm(user_obj, app_label)


def _is_administrator(user: User) -> bool:
    known = getattr(user, "_is_administrator", None)
    if known is None:
        with all_organizations():
            known = Membership.objects.filter(user=user, role=Role.ADMIN, is_active=True).exists()
        user._is_administrator = known  # type: ignore[attr-defined]
    return known
