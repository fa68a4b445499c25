"""Messages a second per sender, kept by all workers together in one row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from apps.communications.models import ChannelAccount, SenderPace

AHEAD = dt.timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Grant:
    """How many messages may leave, and from when on (UTC); the rest asks again later."""

    count: int
    start: dt.datetime


@transaction.atomic
def reserve(account: ChannelAccount, *, wanted: int, now: dt.datetime) -> Grant:
    """Take up to `wanted` places in the sender's queue, none further than two seconds ahead.

    Locks the sender's row until the commit; two or three queries. Runs in a transaction of the organization.
    """
    key = {"organization_id": account.organization_id, "channel": account.channel, "address": account.address}
    pace = SenderPace.objects.select_for_update().filter(**key).first()
    if pace is None:
        SenderPace.objects.bulk_create([SenderPace(**key, next_at=now)], ignore_conflicts=True)
        pace = SenderPace.objects.select_for_update().get(**key)
    start = max(pace.next_at, now)
    rate = max(1, account.per_second)
    room = int((now + AHEAD - start).total_seconds() * rate)
    count = max(0, min(wanted, room))
    if count:
        pace.next_at = start + dt.timedelta(seconds=count / rate)
        pace.save(update_fields=["next_at", "updated_at"])
    return Grant(count=count, start=start)
