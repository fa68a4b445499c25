"""What became of a row: forward only, whoever reports it and in whatever order."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.models import Communication, ContactState, Status
from apps.communications.policy import REFUSED_BY_PERSON, Code
from apps.communications.registry import guard_for
from apps.communications.services.planning import emit_about, fall_back, payload_about, plan_again
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import InvalidTransition
from apps.events.services import Happening, emit_many
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

log = structlog.get_logger(__name__)
NEVER_ARRIVED = (Status.BLOCKED, Status.FAILED, Status.UNDELIVERED)
# What a provider says about one message is true together: the highest rank that was ever reported is where it stands,
# hence any order of reports ends the same. Delivered outranks failed: what arrived has arrived.
RANK: dict[str, int] = {
    Status.SCHEDULED: 0,
    Status.QUEUED: 1,
    Status.BLOCKED: 1,
    Status.CANCELLED: 1,
    Status.SENDING: 2,
    Status.AMBIGUOUS: 3,
    Status.SENT: 4,
    Status.FAILED: 5,
    Status.UNDELIVERED: 6,
    Status.DELIVERED: 7,
    Status.READ: 8,
}
_MOMENTS: dict[str, tuple[str, ...]] = {
    Status.SENT: ("sent_at",),
    Status.DELIVERED: ("sent_at", "delivered_at"),
    Status.READ: ("sent_at", "delivered_at", "read_at"),
    Status.FAILED: ("failed_at",),
    Status.UNDELIVERED: ("sent_at", "failed_at"),
}


def advance(
    row: Communication,
    to: Status,
    *,
    at: dt.datetime,
    provider: str = "",
    provider_id: str = "",
    error_code: str = "",
    reason: str = "",
) -> bool:
    """Move a locked row forward to what the provider reports; return False when it stands there already or further.

    The provider's word about a message it has (`provider_id`) corrects what we only assumed: a row that we took for
    not sent, or cancelled meanwhile, is then on its way after all. Failures start the fallback, once.
    Runs in a transaction of the organization; emits the event.
    """
    is_first_proof = bool(provider_id) and not row.provider_id
    assumed_failed = is_first_proof and row.status == Status.FAILED and to != Status.FAILED
    if RANK[row.status] >= RANK[to] and not assumed_failed:
        if is_first_proof:
            _note_provider(row, provider, provider_id)
            row.save(update_fields=["provider", "provider_id", "updated_at"])
        return False
    before, row.status = row.status, to
    for name in _MOMENTS.get(to, ()):
        if getattr(row, name) is None:
            setattr(row, name, at)
    if is_first_proof:
        _note_provider(row, provider, provider_id)
    row.lease_until = None
    row.error_code, row.reason, row.legal_at = error_code, reason[:300], None
    row.save()
    emit_about(f"communication.{to}", row, actor=SYSTEM, changes={"status": [before, to]})
    if to in (Status.FAILED, Status.UNDELIVERED):
        fall_back(row, refused_by_person=False)
    return True


def note_accepted(accepted: Sequence[tuple[Communication, str]], *, provider: str, at: dt.datetime) -> None:
    """Move locked rows that are `sending` to sent, each with the provider's id; five statements for any number.

    An id that another row has by a look-up that guessed wrong stays with that one.
    """
    if not accepted:
        return
    organization_id = accepted[0][0].organization_id
    taken = set(
        Communication.objects.filter(
            organization_id=organization_id, provider=provider, provider_id__in=[given for _row, given in accepted]
        ).values_list("provider_id", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE communications_communication AS row
            SET status = %(sent)s, provider_id = given.provider_id, sent_at = %(at)s, lease_until = NULL,
                maybe_accepted = false, updated_at = %(at)s
            FROM unnest(%(ids)s::uuid[], %(provider_ids)s::text[]) AS given(id, provider_id)
            WHERE row.id = given.id
            """,
            {
                "sent": Status.SENT,
                "at": at,
                "ids": [row.pk for row, _given in accepted],
                "provider_ids": ["" if given in taken else given for _row, given in accepted],
            },
        )
    changes = {"status": [Status.SENDING, Status.SENT]}
    emit_many(
        "communication.sent",
        [Happening(row, row.patient_id, changes, payload_about(row)) for row, _given in accepted],
        actor=SYSTEM,
    )


def mark_ambiguous(row: Communication, *, look_up_at: dt.datetime | None) -> None:
    """Settle a locked, `sending` row as not certain; `look_up_at` is when the provider is asked what it knows."""
    before, row.status = row.status, Status.AMBIGUOUS
    row.lease_until = look_up_at
    row.reason = _("The provider did not answer. Whether the message was sent is being looked up.")
    row.save(update_fields=["status", "lease_until", "reason", "updated_at"])
    emit_about("communication.ambiguous", row, actor=SYSTEM, changes={"status": [before, Status.AMBIGUOUS]})


def block_communication(
    row: Communication, *, code: str, reason: str, legal_at: dt.datetime | None = None, actor: Actor = SYSTEM
) -> None:
    """Settle a locked, open row as blocked, with the reason and when it would be legal; go on with the fallback."""
    before, row.status = row.status, Status.BLOCKED
    row.error_code, row.reason, row.legal_at, row.lease_until, row.failed_at = (
        code,
        reason[:300],
        legal_at,
        None,
        timezone.now(),
    )
    row.save()
    emit_about("communication.blocked", row, actor=actor, changes={"status": [before, Status.BLOCKED]})
    fall_back(row, refused_by_person=code in REFUSED_BY_PERSON)


@transaction.atomic
def cancel_communication(*, communication: Communication, reason: str, actor: Actor) -> Communication:
    """Take a planned message back; a second call changes nothing. Locks the row.

    Raises InvalidTransition once it is on its way.
    """
    actor.require(Permission.COMMUNICATIONS_MANAGE)
    row: Communication = Communication.objects.select_for_update().get(pk=communication.pk)
    if row.status == Status.CANCELLED:
        return row
    if not row.is_open:
        raise InvalidTransition(
            _("This message is %(status)s; only a planned one can be cancelled.")
            % {"status": row.get_status_display().lower()}
        )
    settle_as_cancelled(row, reason=reason, actor=actor)
    return row


@transaction.atomic
def cancel_for_context(
    *,
    organization: Organization,
    context_type: str,
    context_id: uuid.UUID,
    reason: str,
    actor: Actor,
    below_version: int | None = None,
    categories: Collection[str] | None = None,
) -> int:
    """Cancel what is still planned about an object (in versions below one, of some categories); return how many.

    Locks the rows, waiting for a dispatcher that is just marking one as `sending`: that one goes out.
    """
    rows = Communication.objects.for_organization(organization).about(context_type, context_id).open()
    if below_version is not None:
        rows = rows.filter(context_version__lt=below_version)
    if categories is not None:
        rows = rows.filter(category__in=categories)
    cancelled = list(rows.select_for_update().order_by("id"))
    for row in cancelled:
        settle_as_cancelled(row, reason=reason, actor=actor)
    return len(cancelled)


def settle_as_cancelled(row: Communication, *, reason: str, actor: Actor = SYSTEM) -> None:
    """Settle a locked, open row as cancelled; nothing follows it."""
    before, row.status = row.status, Status.CANCELLED
    row.reason, row.lease_until = reason[:300], None
    row.save(update_fields=["status", "reason", "lease_until", "updated_at"])
    emit_about("communication.cancelled", row, actor=actor, changes={"status": [before, Status.CANCELLED]})


def block_withdrawn(
    *, organization: Organization, patient_id: uuid.UUID, channel: str, code: Code = Code.CONSENT_WITHDRAWN
) -> int:
    """Block the patient's planned messages on a channel they said no to; return how many. Locks the rows.

    `code` says which no it was: CONSENT_WITHDRAWN or CONSENT_REFUSED.
    """
    words = {
        Code.CONSENT_REFUSED: _("The patient refused consent for %(channel)s before it was sent."),
        Code.CONSENT_WITHDRAWN: _("The patient withdrew consent for %(channel)s before it was sent."),
    }
    rows = Communication.objects.for_organization(organization).open().filter(patient_id=patient_id, channel=channel)
    blocked = list(rows.planned().select_for_update().order_by("id"))
    for row in blocked:
        reason = words[code] % {"channel": row.get_channel_display()}
        block_communication(row, code=code, reason=reason)
    return len(blocked)


@transaction.atomic
def plan_what_a_no_blocked(*, organization: Organization, patient_id: uuid.UUID, channel: str) -> int:
    """Plan anew what the patient's no blocked ahead of its time, now that they said yes; return how many. Locks the rows.

    What another channel took over stays there, what came due meanwhile is not sent late, and what has no reason any more
    (a visit that was moved or cancelled) or goes to an address that still stands at STOP stays blocked.
    """
    stopped = ContactState.objects.filter(
        organization=organization, channel=channel, address=OuterRef("to_address"), opted_out_at__isnull=False
    )
    taken_over = Communication.objects.filter(fallback_of=OuterRef("pk")).exclude(status__in=NEVER_ARRIVED)
    rows = (
        Communication.objects.for_organization(organization)
        .planned()
        .filter(~Exists(taken_over), ~Exists(stopped), patient_id=patient_id, channel=channel, status=Status.BLOCKED)
        .filter(error_code__in=REFUSED_BY_PERSON, due_at__gt=timezone.now())
        .select_related("organization")
        .order_by("id")
    )
    planned = set()
    for blocked in rows:
        guard = guard_for(blocked.context_type)  # before the row is locked, as a guard asks for
        row = None if guard and guard(blocked) else rows.select_for_update(of=("self",)).filter(pk=blocked.pk).first()
        if row is None:
            continue
        try:
            planned.add(plan_again(row, due_at=row.due_at, actor=SYSTEM).pk)
        except InvalidTransition:
            # Stopped and allowed some twenty times: the row says "blocked", and staff may write themselves.
            log.warning("communication.not_planned_again", communication=str(row.pk))
    return len(planned)


def _note_provider(row: Communication, provider: str, provider_id: str) -> None:
    """Keep the provider's id, unless another row has it by a look-up that guessed wrong."""
    taken = Communication.objects.filter(
        organization_id=row.organization_id, provider=row.provider or provider, provider_id=provider_id
    )
    if not taken.exclude(pk=row.pk).exists():
        row.provider, row.provider_id = row.provider or provider, provider_id
