"""Lines behind the bell of members of staff."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from apps.notifications.models import StaffNotice
from apps.organizations.models import Membership, Organization, User
from apps.organizations.permissions import Permission


@transaction.atomic
def notify_staff(
    *,
    organization: Organization,
    kind: str,
    text: str,
    dedupe_key: str,
    url: str = "",
    users: Iterable[User] | None = None,
    permission: Permission | None = None,
) -> int:
    """Tell members of staff, each once per `dedupe_key`; return how many are told for the first time.

    `users` names them; without it everybody who holds `permission`. `text` is one line without names of patients.
    """
    told = {user.pk for user in users} if users is not None else _holders(organization, permission)
    known = set(
        StaffNotice.objects.for_organization(organization)
        .filter(user_id__in=told, dedupe_key=dedupe_key)
        .values_list("user_id", flat=True)
    )
    StaffNotice.objects.bulk_create(
        (
            StaffNotice(
                organization=organization, user_id=user_id, kind=kind, text=text[:200], url=url, dedupe_key=dedupe_key
            )
            for user_id in told - known
        ),
        ignore_conflicts=True,
    )
    return len(told - known)


@transaction.atomic
def mark_notices_read(*, organization: Organization, user: User, notice: StaffNotice | None = None) -> int:
    """Mark one notice of the person, or all of them, as seen; return how many were not."""
    unread = StaffNotice.objects.for_organization(organization).unread_by(user)
    if notice is not None:
        unread = unread.filter(pk=notice.pk)
    return int(unread.update(read_at=timezone.now(), updated_at=timezone.now()))


def _holders(organization: Organization, permission: Permission | None) -> set[uuid.UUID]:
    members = Membership.objects.for_organization(organization).filter(is_active=True, user__is_active=True)
    return {member.user_id for member in members if permission is None or permission in member.permissions}
