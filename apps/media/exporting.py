"""The files of one patient, for their export: what they are, with their checksums, not the bytes."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from apps.media.models import Media, MediaObject, MediaState
from apps.patients.exchange import fhir
from apps.patients.exchange.sections import Export, Row, Section, register
from apps.patients.exchange.values import moment, plain

_FILE = (
    *("purpose", "subject_kind", "subject_id", "position", "file_name", "claimed_type", "claimed_size", "state"),
    *("reason", "reason_code", "source", "ready_at", "photo_at", "deleted_at", "created_at", "updated_at"),
)
_BYTES = ("sha256", "received_size", "content_type", "size", "width", "height", "pages")
_NOTHING: Row = dict.fromkeys(_BYTES)


def files(export: Export) -> QuerySet[Media]:
    """Return the patient's files, oldest first, deleted and refused ones too."""
    rows: QuerySet[Media] = Media.objects.for_organization(export.organization).filter(patient_id__in=export.ids)
    return rows.select_related("stored", "uploaded_by").order_by("id")


def file_rows(export: Export) -> Iterator[Row]:
    """Yield the files; one query. `sha256` and `received_size` are of what was sent, `size` of what is kept."""
    zone = export.organization.zone
    for file in files(export):
        yield {
            "id": str(file.pk),
            **{name: plain(getattr(file, name), zone) for name in _FILE},
            **({name: getattr(file.stored, name) for name in _BYTES} if file.stored else _NOTHING),
            "uploaded_by": str(file.uploaded_by) if file.uploaded_by else "",
        }


def resources(export: Export) -> Iterator[Row]:
    """Yield FHIR DocumentReferences of the files that are there; one query.

    An Attachment's own hash is SHA-1, which we don't have: ours is an identifier of the document. There is no address in
    it: one that opens without signing in would be as good as the file.
    """
    zone = export.organization.zone
    for file in files(export).filter(state=MediaState.READY):
        if (stored := file.stored) is None:
            continue
        yield fhir.filled(
            {
                "resourceType": "DocumentReference",
                "id": str(file.pk),
                "identifier": [{"system": fhir.SHA256, "value": stored.sha256}],
                "status": "current",
                "category": [fhir.concept(file.purpose)],
                "subject": fhir.reference_to(export.patient),
                "date": moment(file.created_at, zone),
                "custodian": fhir.reference_to(export.organization),
                "content": [
                    {
                        "attachment": fhir.filled(
                            {
                                "contentType": stored.content_type,
                                "size": stored.size,
                                "title": fhir.text(file.file_name),
                                "creation": moment(file.created_at, zone),
                            }
                        )
                    }
                ],
            }
        )


def register_sections() -> None:
    """Register what files bring into an export."""
    register(Section("files", order=70, rows=file_rows, models=(Media, MediaObject), resources=resources))
