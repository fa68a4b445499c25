"""The dispatcher: claim what is due, ask once more whether it may go, mark it, hand it over, write down the answer.

Three short transactions around one network call, which is in none of them:
1. claim: a lease on a batch of open rows, across organizations, `FOR UPDATE SKIP LOCKED`;
2. begin: in the organization's scope guards, policy and pace are asked and the rows marked `sending`, attempt counted;
3. the provider is called; 4. finish: the outcome, unless a callback was faster.
A worker that dies after 1 loses nothing: the lease runs out and the row is claimed again. One that dies after 2 leaves
`sending` rows, which `reconcile` calls ambiguous and looks up, because whether they left nobody knows.
"""

from __future__ import annotations

import datetime as dt
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

import structlog
from django.db import connection
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications import policy
from apps.communications.accounts import account_for
from apps.communications.errors import EXHAUSTED, describe_error
from apps.communications.models import OPEN_STATUSES, URGENT_CATEGORIES, ChannelAccount, Communication, Provider, Status
from apps.communications.pace import reserve
from apps.communications.providers import provider_for
from apps.communications.providers.base import BaseProvider, LookUpFailed, Outcome, OutcomeKind, Outgoing
from apps.communications.registry import group_guard_for, guard_for
from apps.communications.services.contacts import learn_from_error
from apps.communications.services.matching import match_record
from apps.communications.services.outcomes import (
    advance,
    block_communication,
    mark_ambiguous,
    note_accepted,
    settle_as_cancelled,
)
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.models import Organization

log = structlog.get_logger(__name__)
CLAIM_LEASE = dt.timedelta(seconds=30)
FIRST_LOOK_UP = dt.timedelta(seconds=10)
LISTED_AFTER = dt.timedelta(seconds=10)
SOON = dt.timedelta(seconds=1)
MAX_ATTEMPTS = 12
LONGEST_BACKOFF_SECONDS = 600.0


def dispatch_due(*, limit: int = 50) -> int:
    """Send up to `limit` due messages; return how many rows were taken in hand. Safe on any number of workers.

    Answers in conversations and emergency texts first, then by due time. Refuses to run inside a transaction: a vendor
    is called.
    """
    refuse_inside_transaction()
    claimed = _claim(limit)
    for (organization, channel), rows in claimed:
        _send_group(organization, channel, rows)
    return sum(len(rows) for _key, rows in claimed)


def refuse_inside_transaction() -> None:
    """Raise RuntimeError in a transaction other than the one that a test case wraps around itself."""
    blocks = connection.atomic_blocks
    if blocks and not blocks[0]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("a provider must not be called inside a transaction")


def backoff(attempts: int) -> dt.timedelta:
    """Return how long to wait after so many attempts: 2, 4, 8 … seconds up to ten minutes, half to one and a half of it."""
    return dt.timedelta(seconds=min(2.0**attempts, LONGEST_BACKOFF_SECONDS) * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load


def _claim(limit: int) -> list[tuple[tuple[Organization, str], list[Communication]]]:
    now = timezone.now()
    with all_organizations():
        due = (
            Communication.objects.claimable(now)
            .order_by("due_at", "id")
            .select_for_update(skip_locked=True, of=("self",))
        )
        rows = list(due.filter(category__in=URGENT_CATEGORIES)[:limit])
        if len(rows) < limit:
            rows += due.planned()[: limit - len(rows)]
        Communication.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=now + CLAIM_LEASE)
        organizations = Organization.objects.in_bulk({row.organization_id for row in rows})
    for row in rows:
        row.lease_until = now + CLAIM_LEASE
        row.organization = organizations[row.organization_id]
    rows.sort(key=lambda row: (str(row.organization_id), row.channel))
    return [
        ((organizations[organization_id], channel), list(group))
        for (organization_id, channel), group in groupby(rows, key=lambda row: (row.organization_id, row.channel))
    ]


def _send_group(organization: Organization, channel: str, rows: list[Communication]) -> None:
    with organization_scope(organization.pk):
        account = account_for(organization, channel)
        if account is None:
            _block_without_account(rows)
            return
    provider = provider_for(account)
    for batch in _batched(rows, provider.batch_size):
        allowed = _wait_for_turn(account, batch)
        messages = _begin(account, provider, allowed)
        if messages:
            _finish(organization, provider, messages, _hand_over(provider, account, messages))


def _block_without_account(rows: list[Communication]) -> None:
    for row in _lock_claimed(rows):
        reason = _("No sender is set up for %(channel)s. An administrator adds a channel account.") % {
            "channel": row.get_channel_display()
        }
        block_communication(row, code=policy.Code.NO_ACCOUNT, reason=reason)


def _wait_for_turn(account: ChannelAccount, rows: list[Communication]) -> list[Communication]:
    """Wait until the sender's pace allows the batch (at most two seconds); give back what has no place in that time."""
    now = timezone.now()
    with organization_scope(account.organization_id):
        grant = reserve(account, wanted=len(rows), now=now)
        late = [row.pk for row in rows[grant.count :]]
        if late:
            Communication.objects.filter(pk__in=late, status__in=OPEN_STATUSES).update(lease_until=now + SOON)
    if grant.count and grant.start > now:
        time.sleep((grant.start - now).total_seconds())
    return rows[: grant.count]


class _GuardFailed(Exception):
    """A guard raised instead of answering about these rows."""

    def __init__(self, rows: Sequence[Communication]) -> None:
        super().__init__(len(rows))
        self.rows = rows


def _begin(account: ChannelAccount, provider: BaseProvider, rows: list[Communication]) -> list[Outgoing]:
    """Mark what may go out as `sending`, settle or postpone the rest; return the messages to hand over.

    A row whose guard raises is kept aside, the others go on. Where a guard was asked about several rows at once, which
    one it was shows when each is asked for by itself.
    """
    while rows:
        try:
            with organization_scope(account.organization_id):
                return _mark_sending(account, provider, rows, _ask_guards(rows))
        except _GuardFailed as failure:
            if len(failure.rows) > 1:
                return [message for row in rows for message in _begin(account, provider, [row])]
            failed = failure.rows[0]
            log.exception("communications.guard_failed", communication=str(failed.pk))
            _ask_again_later(failed)
            rows = [row for row in rows if row is not failed]
    return []


def _ask_guards(rows: list[Communication]) -> dict[uuid.UUID, str]:
    """Return why messages make no sense any more, by row. Objects are locked in one order, before the ledger's rows."""
    refusals: dict[uuid.UUID, str] = {}
    in_order = sorted(rows, key=lambda row: (row.context_type, str(row.context_id)))
    for context_type, group in groupby(in_order, key=lambda row: row.context_type):
        refusals |= _ask_guard(context_type, list(group))
    return refusals


def _ask_guard(context_type: str, rows: list[Communication]) -> dict[uuid.UUID, str]:
    guard, together = guard_for(context_type), group_guard_for(context_type)
    if guard is None:
        return {}
    if together is not None:
        try:
            return dict(together(rows))
        except Exception as error:
            raise _GuardFailed(rows) from error
    refusals: dict[uuid.UUID, str] = {}
    for row in rows:
        try:
            reason = guard(row)
        except Exception as error:
            raise _GuardFailed([row]) from error
        if reason is not None:
            refusals[row.pk] = reason
    return refusals


def _ask_again_later(row: Communication) -> None:
    with organization_scope(row.organization_id):
        for locked in _lock_claimed([row]):
            locked.attempts += 1
            locked.reason = _("Whether it still applies could not be checked.")
            _retry(locked, Outcome(OutcomeKind.RETRY, error_code="guard_failed"))


def _mark_sending(
    account: ChannelAccount, provider: BaseProvider, rows: list[Communication], refusals: dict[uuid.UUID, str]
) -> list[Outgoing]:
    now = timezone.now()
    locked = _lock_claimed(rows)
    facts = policy.load_facts(account.organization, locked, lock=True)
    leaving = []
    for row in locked:
        if row.pk in refusals:
            settle_as_cancelled(row, reason=refusals[row.pk])
        elif row.not_after is not None and row.not_after <= now:
            settle_as_cancelled(row, reason=_("It would have come too late to be of use."))
        elif _is_allowed(row, policy.judge(facts[row.pk], now)):
            leaving.append(row)
    Communication.objects.filter(pk__in=[row.pk for row in leaving]).update(
        status=Status.SENDING,
        lease_until=now + provider.lease,
        attempts=F("attempts") + 1,
        # What may have been accepted is looked for from the first such attempt on.
        attempted_at=Case(When(maybe_accepted=True, then=F("attempted_at")), default=Value(now)),
        provider=provider.name,
        from_address=account.address,
        error_code="",
        reason="",
        legal_at=None,
        updated_at=now,
    )
    return [outgoing(row, attempt=row.attempts + 1) for row in leaving]


def _is_allowed(row: Communication, decision: policy.Decision) -> bool:
    """Tell whether a locked row may go out; else postpone it to when it is legal, or block it when that is too late."""
    if decision.allowed:
        return True
    later = decision.legal_at if decision.code == policy.Code.QUIET_HOURS else None
    if later is not None and (row.not_after is None or later < row.not_after):
        row.status, row.due_at, row.lease_until = Status.SCHEDULED, later, None
        row.reason, row.legal_at = decision.reason[:300], later
        row.save(update_fields=["status", "due_at", "lease_until", "reason", "legal_at", "updated_at"])
    else:
        block_communication(row, code=decision.code, reason=decision.reason, legal_at=decision.legal_at)
    return False


def outgoing(row: Communication, *, attempt: int) -> Outgoing:
    """Return the message as a provider takes it."""
    return Outgoing(
        id=row.pk,
        channel=row.channel,
        to_address=row.to_address,
        body=row.body,
        subject=row.subject,
        language=row.language,
        content_sid=row.content_sid,
        content_variables=row.content_variables,
        attachments=row.attachments,
        attempt=attempt,
        maybe_accepted=row.maybe_accepted,
        attempted_at=row.attempted_at,
    )


def _hand_over(provider: BaseProvider, account: ChannelAccount, messages: list[Outgoing]) -> list[Outcome]:
    """Call the provider, in no transaction; what the last attempt may have sent is looked for first."""
    known = {message.id: _look_before(provider, account, message) for message in messages if message.maybe_accepted}
    to_send = [message for message in messages if known.get(message.id) is None]
    sent = (
        dict(zip((message.id for message in to_send), provider.send(account, to_send), strict=True)) if to_send else {}
    )
    return [known.get(message.id) or sent[message.id] for message in messages]


def _look_before(provider: BaseProvider, account: ChannelAccount, message: Outgoing) -> Outcome | None:
    """Return the outcome of the earlier attempt, None when the provider has no record of it and it must be sent."""
    try:
        records = provider.find(account, message)
    except LookUpFailed:
        return Outcome(OutcomeKind.RETRY, error_code="look_up", maybe_accepted=True)
    taken = owned_ids([record.provider_id for record in records], account.organization_id)
    found = match_record(message, records, taken=taken, since=message.attempted_at or timezone.now())
    return Outcome(OutcomeKind.ACCEPTED, provider_id=found.provider_id) if found else None


def owned_ids(provider_ids: Sequence[str], organization_id: uuid.UUID) -> set[str]:
    """Return which of a provider's ids belong to rows of the ledger already."""
    with organization_scope(organization_id):
        owned = Communication.objects.filter(
            organization_id=organization_id, provider__in=Provider.values, provider_id__in=provider_ids
        )
        return set(owned.values_list("provider_id", flat=True))


def _finish(
    organization: Organization, provider: BaseProvider, messages: list[Outgoing], outcomes: list[Outcome]
) -> None:
    """Write down the outcomes. A row that a later attempt has taken over is left to that one."""
    with organization_scope(organization.pk):
        locked = (
            Communication.objects.select_for_update().filter(pk__in=[message.id for message in messages]).order_by("id")
        )
        rows = {row.pk: row for row in locked}
        accepted: list[tuple[Communication, str]] = []
        for message, outcome in zip(messages, outcomes, strict=True):
            row = rows[message.id]
            row.organization = organization
            if row.attempts != message.attempt:
                continue
            if outcome.kind == OutcomeKind.ACCEPTED and row.status == Status.SENDING and not row.provider_id:
                accepted.append((row, outcome.provider_id))
            else:
                _settle(row, provider, outcome)
        note_accepted(accepted, provider=provider.name, at=timezone.now())


def _settle(row: Communication, provider: BaseProvider, outcome: Outcome) -> None:
    now = timezone.now()
    if outcome.kind == OutcomeKind.ACCEPTED:
        row.maybe_accepted = False
        advance(row, Status.SENT, at=now, provider=provider.name, provider_id=outcome.provider_id)
        return
    if row.status not in (Status.SENDING, Status.AMBIGUOUS):
        return  # a callback proved meanwhile that it went out
    if outcome.kind == OutcomeKind.RETRY:
        _retry(row, outcome)
    elif outcome.kind == OutcomeKind.REFUSED:
        advance(
            row,
            Status.FAILED,
            at=now,
            error_code=outcome.error_code,
            reason=str(describe_error(outcome.error_code).sentence),
        )
        learn_from_error(row, outcome.error_code)
    elif row.status == Status.SENDING:
        mark_ambiguous(row, look_up_at=now + FIRST_LOOK_UP if provider.can_look_up else None)


def _retry(row: Communication, outcome: Outcome) -> None:
    """Queue a locked row again after a failure that is known not to have sent it, or give up after many."""
    now = timezone.now()
    row.maybe_accepted = row.maybe_accepted or outcome.maybe_accepted
    if row.attempts >= MAX_ATTEMPTS:
        if row.maybe_accepted:
            mark_ambiguous(row, look_up_at=now)
            return
        advance(row, Status.FAILED, at=now, error_code=EXHAUSTED, reason=str(describe_error(EXHAUSTED).sentence))
        return
    row.status, row.lease_until = Status.QUEUED, None
    row.due_at = now + backoff(row.attempts) + (LISTED_AFTER if row.maybe_accepted else dt.timedelta())
    row.error_code = outcome.error_code
    row.reason = _("Attempt %(number)s failed; trying again.") % {"number": row.attempts}
    row.save()


def _lock_claimed(rows: list[Communication]) -> list[Communication]:
    """Lock the rows that are still open and still ours; one query, in the order of ids."""
    leases = {row.pk: row.lease_until for row in rows}
    locked = Communication.objects.select_for_update().filter(pk__in=leases, status__in=OPEN_STATUSES).order_by("id")
    ours = [row for row in locked if row.lease_until == leases[row.pk]]
    for row in ours:
        row.organization = rows[0].organization
    position = {row.pk: index for index, row in enumerate(rows)}
    return sorted(ours, key=lambda row: position[row.pk])


def _batched(rows: list[Communication], size: int) -> Iterator[list[Communication]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch
