"""The ledger's messages to one patient, for their export."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from apps.communications.models import Communication, Status
from apps.patients.exchange import fhir
from apps.patients.exchange.sections import Export, Row, Section, register
from apps.patients.exchange.values import moment, plain_rows

_MESSAGE = (
    *("id", "channel", "category", "status", "to_address", "from_address", "subject", "body", "language"),
    *("template_key", "content_sid", "content_variables", "attachments", "context_type", "context_id"),
    *("conversation_id", "planned_at", "due_at", "not_after", "attempts", "attempted_at", "sent_at", "delivered_at"),
    *("read_at", "failed_at", "error_code", "reason", "legal_at", "fallback_of_id", "provider", "provider_id"),
    *("actor_kind", "created_at", "updated_at"),
)
# FHIR event-status; what is planned is in preparation, what nobody knows is unknown.
_STATUS = {
    Status.SCHEDULED: "preparation",
    Status.QUEUED: "preparation",
    Status.SENDING: "in-progress",
    Status.SENT: "completed",
    Status.DELIVERED: "completed",
    Status.READ: "completed",
    Status.FAILED: "not-done",
    Status.UNDELIVERED: "not-done",
    Status.BLOCKED: "not-done",
    Status.CANCELLED: "not-done",
    Status.AMBIGUOUS: "unknown",
}


def messages(export: Export) -> QuerySet[Communication]:
    """Return the ledger's rows for the patient, oldest first."""
    rows: QuerySet[Communication] = Communication.objects.for_organization(export.organization)
    return rows.filter(patient_id__in=export.ids).order_by("planned_at", "id")


def message_rows(export: Export) -> Iterator[Row]:
    """Yield every message to the patient, planned and refused ones too; one query."""
    return plain_rows(messages(export).values(*_MESSAGE), export.organization.zone)


def resources(export: Export) -> Iterator[Row]:
    """Yield FHIR Communications; one query."""
    zone = export.organization.zone
    for row in messages(export).values(*_MESSAGE):
        status = _STATUS[Status(row["status"])]
        yield fhir.filled(
            {
                "resourceType": "Communication",
                "id": str(row["id"]),
                "status": status,
                "statusReason": fhir.concept(row["reason"]) if status in ("not-done", "unknown") else None,
                "category": [fhir.concept(row["category"])],
                "medium": [fhir.medium(row["channel"])],
                "subject": fhir.reference_to(export.patient),
                "sent": moment(row["sent_at"], zone) if row["sent_at"] else None,
                "received": moment(row["delivered_at"], zone) if row["delivered_at"] else None,
                "recipient": [fhir.reference_to(export.patient)],
                "sender": fhir.reference_to(export.organization),
                "payload": [{"contentString": text} for text in map(fhir.text, (row["subject"], row["body"])) if text],
            }
        )


def register_sections() -> None:
    """Register what the ledger brings into an export."""
    register(Section("communications", order=40, rows=message_rows, models=(Communication,), resources=resources))
