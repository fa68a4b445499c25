"""Imports of patients as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import InUtc
from apps.core.imports.serializers import (
    FileImportSerializer,
    FileNameSerializer,
    MappingField,
    UploadedFileSerializer,
    mapping_schema,
)
from apps.patients.exchange.columns import FIELDS
from apps.patients.models import OnMatch, PatientImport, PatientImportRow
from apps.patients.services.importing import MOST_BYTES

_CELLS = {
    "oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "object", "additionalProperties": True}],
    "description": "a CSV row as in the file, in the order of its `columns`; a FHIR row as the resource; empty once imported",
}


@extend_schema_field(mapping_schema(FIELDS))
class PatientMappingField(MappingField):
    """Which column is what."""


class PatientImportOptionsSerializer(serializers.Serializer):
    """How the rows are read and imported; what is not named stays as it is."""

    mapping = PatientMappingField(
        required=False, help_text="CSV only; takes the place of what was guessed or said before"
    )
    system = serializers.CharField(
        max_length=200,
        required=False,
        help_text="CSV only: the name under which the file's own ids are kept; default: `import`",
    )
    on_match = serializers.ChoiceField(
        choices=OnMatch.choices,
        required=False,
        help_text="people who are here already: `leave` their record (default), `fill` in what it lacks, `add` a new one",
    )


class PatientImportUploadSerializer(UploadedFileSerializer, PatientImportOptionsSerializer):
    """A CSV or FHIR R4 file (at most 20 MB and 50,000 people), and how it is imported. `mapping` is JSON text here."""

    most_bytes = MOST_BYTES


class PatientImportQuerySerializer(FileNameSerializer, PatientImportOptionsSerializer):
    """What goes along with a file that is the body itself."""


class PatientImportSerializer(InUtc, FileImportSerializer, serializers.ModelSerializer):
    """A file of patients and how far its import is."""

    skipped = serializers.DictField(
        child=serializers.IntegerField(), help_text="what a FHIR file holds beside patients, by resource type"
    )

    class Meta:
        model = PatientImport
        fields = [
            "id",
            "file_name",
            "format",
            "status",
            "columns",
            "mapping",
            "missing",
            "system",
            "on_match",
            "skipped",
            "rows",
            "problem",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class PatientImportRowSerializer(serializers.ModelSerializer):
    """A row's verdict: which column is wrong, why, and what to do; who it became, or who is here already."""

    cells = serializers.SerializerMethodField()

    class Meta:
        model = PatientImportRow
        fields = ["line", "state", "column", "code", "message", "cells", "patient"]
        read_only_fields = fields

    @extend_schema_field(_CELLS)
    def get_cells(self, row: PatientImportRow) -> Any:
        return row.cells
