"""Imports of appointments as the API reads and shows them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.appointments.exchange.reading import FIELDS
from apps.appointments.models import AppointmentImport, ImportRow
from apps.core.api.fields import InUtc, TenantRelatedField
from apps.core.imports.serializers import (
    FileImportSerializer,
    FileNameSerializer,
    MappingField,
    UploadedFileSerializer,
    mapping_schema,
)
from apps.organizations.models import Location


@extend_schema_field(mapping_schema(FIELDS))
class AppointmentMappingField(MappingField):
    """Which column is what."""


class ImportOptionsSerializer(serializers.Serializer):
    """How the rows are read and imported; what is not named stays as it is."""

    mapping = AppointmentMappingField(required=False, help_text="takes the place of what was guessed or said before")
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


class ImportUploadSerializer(UploadedFileSerializer, ImportOptionsSerializer):
    """A CSV file (at most 5 MB and 50,000 rows), and how it is imported. `mapping` is JSON text here."""


class ImportQuerySerializer(FileNameSerializer, ImportOptionsSerializer):
    """What goes along with a file that is the body itself."""


class AppointmentImportSerializer(InUtc, FileImportSerializer, serializers.ModelSerializer):
    """A file of appointments and how far its import is."""

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


class ImportRowSerializer(InUtc, serializers.ModelSerializer):
    """A row's verdict: which column is wrong, why, and what to do."""

    cells = serializers.ListField(
        child=serializers.CharField(), help_text="as in the file, in the order of its `columns`; empty once imported"
    )

    class Meta:
        model = ImportRow
        fields = ["line", "state", "column", "code", "message", "cells", "appointment"]
        read_only_fields = fields
