"""The conversations of one patient, for their export: of a phone that several people write from, only their part."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from apps.conversations.attachments import SUBJECT
from apps.conversations.models import Author, Conversation, Message, MessageKind
from apps.core.ids import as_uuid
from apps.events.models import Event
from apps.media.models import Media
from apps.patients.exchange import fhir
from apps.patients.exchange.sections import Export, Row, Section, register
from apps.patients.exchange.values import moment, plain

_THREAD = (
    *("channel", "address", "clinic_address", "display_name", "language", "status", "message_count"),
    *("last_message_at", "last_inbound_at", "snoozed_until", "closed_at", "created_at", "updated_at"),
)
# What a thread that was another patient's as well does not say: it may be the other who has that profile, and wrote then.
_OF_ONE_ALONE: Row = {"display_name": "", "language": "", "created_at": None, "updated_at": None}
_LINE = (
    *("id", "conversation_id", "sequence", "kind", "author", "body", "provider_id", "sent_at", "created_at"),
    *("media", "communication_id", "communication__status", "communication__patient_id"),
    *("user__name", "user__email"),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Since when a thread is the patient's alone (None: from its beginning), and whether it ever was somebody else's."""

    since: dt.datetime | None = None
    is_shared: bool = False


def stretches(export: Export, thread_ids: list[uuid.UUID]) -> dict[uuid.UUID, Stretch]:
    """Return, for threads in which another patient was identified as well, from when on they are this one's; one query.

    Who wrote before that can't be told: it may have been the other, or this one taken for the other.
    """
    ids = set(export.ids)
    found: dict[uuid.UUID, Stretch] = {}
    identified = Event.objects.for_organization(export.organization).filter(
        subject_id__in=thread_ids, type="conversation.patient_identified"
    )
    for event in identified.order_by("occurred_at", "id"):
        before = as_uuid((event.changes.get("patient") or [None])[0] or "")
        known = found.get(event.subject_id, Stretch())
        is_shared = known.is_shared or bool({before, event.patient_id} - ids - {None})
        since = None
        if event.patient_id in ids and is_shared:
            since = known.since or event.occurred_at
        found[event.subject_id] = Stretch(since, is_shared)
    return found


def thread_rows(export: Export) -> Iterator[Row]:
    """Yield the threads in which the patient was identified, with their messages; four queries.

    What was written while a thread was, or may have been, another patient's is only counted (`withheld_messages`), and so
    are the words of messages to another patient that the thread shows, a relative's confirmation (`withheld`). Of such a
    thread nothing tells who else wrote, or when; its address only where it stands at the patient's record.
    """
    zone = export.organization.zone
    threads = Conversation.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    found = list(threads.order_by("created_at", "id"))
    by_thread: dict[uuid.UUID, list[Row]] = defaultdict(list)
    withheld: dict[uuid.UUID, int] = defaultdict(int)
    files = _files(export)
    shared = stretches(export, [thread.pk for thread in found])
    for line in _lines(export):
        thread_id = line["conversation_id"]
        if is_theirs(line, shared.get(thread_id)):
            by_thread[thread_id].append(_shown(export, line, files))
        else:
            withheld[thread_id] += 1
    for thread in found:
        alone = thread.pk not in shared or not shared[thread.pk].is_shared
        yield {
            "id": str(thread.pk),
            **{name: plain(getattr(thread, name), zone) for name in _THREAD},
            "summary": thread.summary if alone else "",
            **({} if alone else _as_far_as_theirs(export, thread, by_thread[thread.pk])),
            "withheld_messages": withheld[thread.pk],
            "messages": by_thread[thread.pk],
        }


def _as_far_as_theirs(export: Export, thread: Conversation, messages: list[Row]) -> Row:
    """Return what is said of a thread that was another patient's as well; `messages` are those that are told."""
    own = {point.value for point in export.patient.contact_points.all()}
    inbound = [message["created_at"] for message in messages if message["author"] == Author.CONTACT]
    return _OF_ONE_ALONE | {
        "address": thread.address if thread.address in own else "",
        "last_message_at": messages[-1]["created_at"] if messages else None,
        "last_inbound_at": inbound[-1] if inbound else None,
    }


def is_theirs(line: Row, stretch: Stretch | None) -> bool:
    """Tell whether a message was written while the thread was the patient's."""
    if stretch is None or not stretch.is_shared:
        return True
    return stretch.since is not None and line["created_at"] >= stretch.since


def _lines(export: Export) -> Iterator[Row]:
    lines = Message.objects.for_organization(export.organization).filter(conversation__patient_id__in=export.ids)
    return lines.order_by("conversation__created_at", "conversation_id", "sequence").values(*_LINE).iterator()


def _files(export: Export) -> dict[uuid.UUID, list[str]]:
    files: dict[uuid.UUID, list[str]] = defaultdict(list)
    rows = Media.objects.for_organization(export.organization).filter(patient_id__in=export.ids, subject_kind=SUBJECT)
    for subject_id, pk in rows.order_by("subject_id", "position").values_list("subject_id", "pk"):
        if subject_id is not None:
            files[subject_id].append(str(pk))
    return files


def _of_another(export: Export, line: Row) -> bool:
    return line["communication__patient_id"] not in (None, *export.ids)


def _shown(export: Export, line: Row, files: dict[uuid.UUID, list[str]]) -> Row:
    zone, withheld = export.organization.zone, _of_another(export, line)
    return {
        "id": str(line["id"]),
        "sequence": line["sequence"],
        "kind": line["kind"],
        "author": line["author"],
        "by": line["user__name"] or line["user__email"] or "",
        "body": "" if withheld else line["body"],
        "withheld": withheld,
        "sent_at": moment(line["sent_at"], zone),
        "created_at": moment(line["created_at"], zone),
        "provider_id": line["provider_id"],
        "media": [item.get("content_type", "") for item in line["media"]],
        "files": files.get(line["id"], []),
        "communication": str(line["communication_id"]) if line["communication_id"] and not withheld else None,
        "status": line["communication__status"] or "",
    }


def resources(export: Export) -> Iterator[Row]:
    """Yield what the patient wrote as FHIR Communications; what went out is the ledger's. Three queries."""
    zone = export.organization.zone
    threads = Conversation.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    channels = dict(threads.values_list("pk", "channel"))
    shared = stretches(export, list(channels))
    for line in _lines(export):
        from_patient = line["author"] == Author.CONTACT and line["kind"] == MessageKind.TEXT
        if not from_patient or not is_theirs(line, shared.get(line["conversation_id"])):
            continue
        body = fhir.text(line["body"])
        yield fhir.filled(
            {
                "resourceType": "Communication",
                "id": str(line["id"]),
                "status": "completed",
                "medium": [fhir.medium(channels[line["conversation_id"]])],
                "subject": fhir.reference_to(export.patient),
                "sent": moment(line["sent_at"], zone),
                "received": moment(line["created_at"], zone),
                "recipient": [fhir.reference_to(export.organization)],
                "sender": fhir.reference_to(export.patient),
                "payload": [{"contentString": body}] if body else [],
            }
        )


def register_sections() -> None:
    """Register what conversations bring into an export."""
    register(Section("conversations", order=50, rows=thread_rows, models=(Conversation, Message), resources=resources))
