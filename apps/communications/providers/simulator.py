"""The simulator's carrier: accepts messages like Twilio, then reports each status to our own signed webhook.

What it accepted are `SimulatorMessage` rows, in a transaction of its own, as if it were another company's database.
Its reports are rows too (`callbacks`, `callback_due_at`): a worker that dies forgets none of them.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

import requests
import structlog
from django.utils import timezone

from apps.communications.accounts import auth_token_of
from apps.communications.models import Channel, ChannelAccount, Provider, SimulatorMessage, SimulatorPhone
from apps.communications.providers.base import BaseProvider, Found, Outcome, OutcomeKind, Outgoing
from apps.communications.providers.twilio import LOOK_UP_LIMIT, status_callback_url
from apps.communications.simulated_webhooks import ACCOUNT_SID, API_VERSION, post_webhook, prefixed
from apps.core.tenancy import all_organizations, organization_scope

log = structlog.get_logger(__name__)
READS, DELIVERS = "reads", "delivers"
BETWEEN_REPORTS = dt.timedelta(seconds=1)
REPORT_LEASE = dt.timedelta(seconds=30)
MOST_REPORT_ATTEMPTS = 30
# Twilio refuses these in the answer to the request; every other code comes later, as a status.
_REFUSED_AT_ONCE = "21"
_SID_PREFIX = {Channel.VOICE: "CA", Channel.EMAIL: "EM"}


class SimulatorProvider(BaseProvider):
    """Carries every channel; what a phone does with the next message to it is set in `SimulatorPhone.next_outcome`."""

    name = Provider.SIMULATOR
    batch_size = 10
    can_look_up = True

    def send(self, account: ChannelAccount, messages: Sequence[Outgoing]) -> list[Outcome]:
        with organization_scope(account.organization_id):
            return [_accept(account, message) for message in messages]

    def find(self, account: ChannelAccount, message: Outgoing) -> list[Found]:
        with organization_scope(account.organization_id):
            accepted = SimulatorMessage.objects.filter(
                organization_id=account.organization_id, channel=message.channel, to_address=message.to_address
            )
            return [
                Found(row.sid, row.body, row.status, row.created_at, row.error_code)
                for row in accepted.order_by("-created_at")[:LOOK_UP_LIMIT]
            ]


def _accept(account: ChannelAccount, message: Outgoing) -> Outcome:
    outcome = _next_outcome(account, message)
    if outcome.startswith(_REFUSED_AT_ONCE):
        return Outcome(OutcomeKind.REFUSED, error_code=outcome)
    reports = _reports(message.channel, outcome)
    row = SimulatorMessage.objects.create(
        organization_id=account.organization_id,
        sid=_SID_PREFIX.get(Channel(message.channel), "SM") + secrets.token_hex(16),
        channel=message.channel,
        to_address=message.to_address,
        from_address=account.address,
        subject=message.subject,
        body=message.body,
        attachments=list(message.attachments),
        status="queued" if reports else "sent",
        error_code=outcome if outcome.isdigit() else "",
        callback_url=status_callback_url(message.id),
        callbacks=reports,
        callback_due_at=timezone.now() if reports else None,
    )
    return Outcome(OutcomeKind.ACCEPTED, provider_id=row.sid)


def _next_outcome(account: ChannelAccount, message: Outgoing) -> str:
    """Return what the phone does with this message; an error is meant for one message and then forgotten."""
    phones = SimulatorPhone.objects.filter(organization_id=account.organization_id, address=message.to_address)
    phone = phones.select_for_update().first()
    if phone is None:
        return READS
    outcome = phone.next_outcome
    if outcome.isdigit():
        phone.next_outcome = READS
        phone.save(update_fields=["next_outcome", "updated_at"])
    return outcome


def _reports(channel: str, outcome: str) -> list[str]:
    if channel == Channel.EMAIL:
        return []
    if channel == Channel.VOICE:
        return ["failed" if outcome.isdigit() else "completed"]
    if outcome.isdigit():
        return ["sent", "undelivered"] if outcome.startswith("30") else ["failed"]
    return ["sent", "delivered"] if outcome == DELIVERS or channel == Channel.SMS else ["sent", "delivered", "read"]


def post_due_reports(*, limit: int = 100) -> int:
    """Report the next status of each message that is due for one; return how many were taken in hand.

    Network: call outside transactions. A web process that does not answer is tried again.
    """
    now = timezone.now()
    with all_organizations():
        due = SimulatorMessage.objects.filter(callback_due_at__lte=now).order_by("callback_due_at")
        rows = list(due.select_for_update(skip_locked=True)[:limit])
        SimulatorMessage.objects.filter(pk__in=[row.pk for row in rows]).update(callback_due_at=now + REPORT_LEASE)
        accounts = {
            (account.organization_id, account.channel): account
            for account in ChannelAccount.objects.filter(organization_id__in={row.organization_id for row in rows})
        }
    for row in rows:
        account = accounts.get((row.organization_id, row.channel)) or ChannelAccount()
        _report(row, auth_token_of(account))
    return len(rows)


def _report(row: SimulatorMessage, token: str) -> None:
    status = row.callbacks[0]
    try:
        post_webhook(row.callback_url, _fields(row, status), token=token)
    except requests.RequestException as error:
        row.callback_attempts += 1
        log.warning("simulator.report_failed", sid=row.sid, attempt=row.callback_attempts, reason=type(error).__name__)
        gives_up = row.callback_attempts >= MOST_REPORT_ATTEMPTS
        row.callback_due_at = None if gives_up else timezone.now() + BETWEEN_REPORTS * min(row.callback_attempts, 10)
    else:
        row.status, row.callbacks, row.callback_attempts = status, row.callbacks[1:], 0
        row.callback_due_at = timezone.now() + BETWEEN_REPORTS if row.callbacks else None
    with organization_scope(row.organization_id):
        row.save(update_fields=["status", "callbacks", "callback_attempts", "callback_due_at", "updated_at"])


def _fields(row: SimulatorMessage, status: str) -> dict[str, str]:
    """Return the form that Twilio posts: see "Outbound Message Status in Status Callbacks" and "Call status"."""
    both = {"AccountSid": ACCOUNT_SID, "ApiVersion": API_VERSION, "From": prefixed(row.channel, row.from_address)}
    both |= {"To": prefixed(row.channel, row.to_address)}
    if row.channel == Channel.VOICE:
        return both | {"CallSid": row.sid, "CallStatus": status, "Direction": "outbound-api", "CallDuration": "12"}
    fields = both | {"MessageSid": row.sid, "MessageStatus": status, "SmsSid": row.sid, "SmsStatus": status}
    if row.channel == Channel.WHATSAPP:
        fields |= {"ChannelPrefix": "whatsapp", "ChannelToAddress": row.to_address}
        fields |= {"EventType": status.upper()} if status in {"delivered", "read"} else {}
    return fields | {"ErrorCode": row.error_code} if status in {"failed", "undelivered"} else fields
