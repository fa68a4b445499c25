"""Settling what is not certain: rows whose worker died, and attempts that the provider never answered.

Nothing is ever sent from here. The provider is asked what it knows, at growing distances; what it has no record of
after a quarter of an hour was not sent, and a person may send it again.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.accounts import account_for
from apps.communications.errors import NOT_ACCEPTED, describe_error
from apps.communications.models import ChannelAccount, Communication, Status
from apps.communications.providers import provider_for
from apps.communications.providers.base import BaseProvider, Found, LookUpFailed
from apps.communications.services.callbacks import STATUS_OF
from apps.communications.services.contacts import learn_from_error
from apps.communications.services.dispatch import outgoing, owned_ids, refuse_inside_transaction
from apps.communications.services.matching import match_record
from apps.communications.services.outcomes import advance, mark_ambiguous
from apps.core.tenancy import all_organizations, organization_scope

log = structlog.get_logger(__name__)
LOOK_UPS = (
    dt.timedelta(seconds=10),
    dt.timedelta(seconds=30),
    dt.timedelta(minutes=2),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=15),
)
LOOK_UP_LEASE = dt.timedelta(minutes=1)
ASK_NO_LONGER = dt.timedelta(hours=24)


def reconcile_ambiguous(*, limit: int = 100) -> int:
    """Call expired `sending` rows ambiguous and look up what is ambiguous; return how many rows were looked at.

    Safe on any number of workers. Refuses to run inside a transaction: a vendor is called.
    """
    refuse_inside_transaction()
    expired = _mark_expired(limit)
    waiting = _claim_look_ups(limit)
    for row in waiting:
        _look_up(row)
    return expired + len(waiting)


def _mark_expired(limit: int) -> int:
    now = timezone.now()
    with all_organizations():
        expired = Communication.objects.filter(status=Status.SENDING, lease_until__lte=now)
        rows = list(expired.order_by("lease_until").select_for_update(skip_locked=True)[:limit])
        for row in rows:
            mark_ambiguous(row, look_up_at=now)
    return len(rows)


def _claim_look_ups(limit: int) -> list[Communication]:
    now = timezone.now()
    with all_organizations():
        waiting = Communication.objects.filter(status=Status.AMBIGUOUS, lease_until__lte=now).select_related(
            "organization"
        )
        rows = list(waiting.order_by("lease_until").select_for_update(skip_locked=True, of=("self",))[:limit])
        Communication.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=now + LOOK_UP_LEASE)
    return rows


def _look_up(row: Communication) -> None:
    with organization_scope(row.organization_id):
        account = account_for(row.organization, row.channel)
    provider = provider_for(account) if account else None
    if account is None or provider is None or not provider.can_look_up or provider.name != row.provider:
        _leave_to_a_person(row)
        return
    try:
        found = _record_of(row, account, provider)
    except LookUpFailed as error:
        log.warning("communications.look_up_failed", communication=str(row.pk), reason=str(error))
        _settle(row, None, answered=False)
        return
    _settle(row, found, answered=True)


def _record_of(row: Communication, account: ChannelAccount, provider: BaseProvider) -> Found | None:
    message = outgoing(row, attempt=row.attempts)
    records = provider.find(account, message)
    taken = owned_ids([record.provider_id for record in records], row.organization_id)
    return match_record(message, records, taken=taken, since=row.attempted_at or row.planned_at)


def _settle(row: Communication, found: Found | None, *, answered: bool) -> None:
    now = timezone.now()
    with organization_scope(row.organization_id):
        locked = Communication.objects.select_for_update(of=("self",)).select_related("organization").get(pk=row.pk)
        if locked.status != Status.AMBIGUOUS:
            return
        if _has_twin_under_way(locked):
            locked.lease_until = now + LOOK_UPS[0]
            locked.save(update_fields=["lease_until", "updated_at"])
            return
        if found is not None:
            _take_over(locked, found, now)
            return
        age = now - (locked.attempted_at or locked.planned_at)
        following = next((step for step in LOOK_UPS if step > age), None)
        if following is not None:
            locked.lease_until = (locked.attempted_at or locked.planned_at) + following
            locked.save(update_fields=["lease_until", "updated_at"])
        elif answered:
            advance(
                locked,
                Status.FAILED,
                at=now,
                error_code=NOT_ACCEPTED,
                reason=str(describe_error(NOT_ACCEPTED).sentence),
            )
        else:
            locked.lease_until = now + LOOK_UPS[-1] if age < ASK_NO_LONGER else None
            locked.save(update_fields=["lease_until", "updated_at"])


def _take_over(row: Communication, found: Found, now: dt.datetime) -> None:
    to = STATUS_OF.get(found.status, Status.SENT)
    failed = to in (Status.FAILED, Status.UNDELIVERED)
    reason = str(describe_error(found.error_code).sentence) if failed else ""
    code = found.error_code if failed else ""
    row.maybe_accepted = False
    moved = advance(
        row, to, at=now, provider=row.provider, provider_id=found.provider_id, error_code=code, reason=reason
    )
    if moved and code:
        learn_from_error(row, code)


def _has_twin_under_way(row: Communication) -> bool:
    """Tell whether a message with the same words to the same address is being sent right now: a record may be either's."""
    twins = Communication.objects.for_organization(row.organization).filter(
        channel=row.channel, to_address=row.to_address, status=Status.SENDING, body=row.body
    )
    return twins.exists()


def _leave_to_a_person(row: Communication) -> None:
    with organization_scope(row.organization_id):
        Communication.objects.filter(pk=row.pk, status=Status.AMBIGUOUS).update(
            lease_until=None,
            reason=_(
                "The provider did not answer, and can’t be asked what it sent. Send it again only if the patient got nothing."
            ),
        )
