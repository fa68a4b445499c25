"""Imports of appointments as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.appointments.exchange.reading import FIELDS, what_is_missing
from apps.appointments.models import AppointmentImport, ImportRow, ImportStatus
from apps.core.api.fields import InUtc, TenantRelatedField
from apps.core.csv_files import MOST_BYTES, too_large
from apps.organizations.models import Location

_COLUMN = {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}


@extend_schema_field({"type": "object", "properties": dict.fromkeys(FIELDS, _COLUMN), "additionalProperties": False})
class MappingField(serializers.JSONField):
    """Which column is what: our field to the file's name of the column, or to its position counted from 0."""

    def to_internal_value(self, data: Any) -> dict[str, str | int]:
        read = super().to_internal_value(data)
        if not isinstance(read, dict) or not all(
            isinstance(column, str | int) and not isinstance(column, bool) for column in read.values()
        ):
            raise serializers.ValidationError(
                _('Write an object from our fields to columns, for example {"start": "Start time", "practitioner": 2}.')
            )
        return read


class ImportOptionsSerializer(serializers.Serializer):
    """How the rows are read and imported; what is not named stays as it is."""

    mapping = MappingField(required=False, help_text="takes the place of what was guessed or said before")
    location = TenantRelatedField(
        queryset=Location.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        help_text="where visits take place whose row names no location",
    )
    tells_patients = serializers.BooleanField(
        required=False, help_text="send a confirmation of visits to come; default: false"
    )
    sets_rules_aside = serializers.BooleanField(
        required=False,
        help_text="visits to come don't need hours, notice and horizon; needs `appointments.override`; default: false",
    )


class ImportUploadSerializer(ImportOptionsSerializer):
    """A CSV file, and how it is imported. `mapping` is JSON text here."""

    file = serializers.FileField(allow_empty_file=True, help_text="CSV, at most 5 MB and 50,000 rows")
    file_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        if (file.size or 0) > MOST_BYTES:
            raise serializers.ValidationError(too_large(MOST_BYTES))
        return file


class ImportQuerySerializer(ImportOptionsSerializer):
    """What goes along with a file that is the body itself."""

    file_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class ImportProgressSerializer(serializers.Serializer):
    """How many rows are in which state."""

    waiting = serializers.IntegerField(help_text="not checked yet")
    ready = serializers.IntegerField(help_text="can be imported")
    known = serializers.IntegerField(help_text="here already; never changed by an import")
    refused = serializers.IntegerField(help_text="can't be imported: `rows/?state=refused` says why")
    done = serializers.IntegerField(help_text="imported")
    total = serializers.IntegerField()


class AppointmentImportSerializer(InUtc, serializers.ModelSerializer):
    """A file of appointments and how far its import is."""

    status = serializers.ChoiceField(choices=ImportStatus.choices)
    columns = serializers.ListField(child=serializers.CharField(), source="header", help_text="as the file names them")
    mapping = serializers.DictField(
        child=serializers.IntegerField(), help_text="which column is what: our field to a position in `columns`, from 0"
    )
    missing = serializers.SerializerMethodField(
        help_text="what no column says yet; while there is any, post a `mapping` to `check/`"
    )
    rows = ImportProgressSerializer(source="progress")

    class Meta:
        model = AppointmentImport
        fields = [
            "id",
            "file_name",
            "status",
            "columns",
            "mapping",
            "missing",
            "location",
            "tells_patients",
            "sets_rules_aside",
            "rows",
            "problem",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_missing(self, batch: AppointmentImport) -> list[str]:
        return what_is_missing(batch.mapping, needs_location=batch.location_id is None)


class ImportRowSerializer(InUtc, serializers.ModelSerializer):
    """A row's verdict: which column is wrong, why, and what to do."""

    cells = serializers.ListField(
        child=serializers.CharField(), help_text="as in the file, in the order of its `columns`; empty once imported"
    )

    class Meta:
        model = ImportRow
        fields = ["line", "state", "column", "code", "message", "cells", "appointment"]
        read_only_fields = fields
