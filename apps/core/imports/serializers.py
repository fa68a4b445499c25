"""Imports as the API reads and shows them: what all kinds have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework import serializers

from apps.core.csv_files import MOST_BYTES, too_large
from apps.core.imports.models import ImportStatus

COLUMN = {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}


def mapping_schema(fields: Iterable[str]) -> dict[str, Any]:
    """Return what the API's description says of a mapping of these fields."""
    return {"type": "object", "properties": dict.fromkeys(fields, COLUMN), "additionalProperties": False}


class MappingField(serializers.JSONField):
    """Which column is what: our field to the file's name of the column, or to its position counted from 0."""

    def to_internal_value(self, data: Any) -> dict[str, str | int]:
        read = super().to_internal_value(data)
        if not isinstance(read, dict) or not all(
            isinstance(column, str | int) and not isinstance(column, bool) for column in read.values()
        ):
            raise serializers.ValidationError(
                _('Write an object from our fields to columns, for example {"birth_date": "DOB", "phone": 2}.')
            )
        return read


class UploadedFileSerializer(serializers.Serializer):
    """A file in a form, at most `most_bytes` of it."""

    most_bytes: ClassVar[int] = MOST_BYTES

    file = serializers.FileField(allow_empty_file=True)
    file_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        if (file.size or 0) > self.most_bytes:
            raise serializers.ValidationError(too_large(self.most_bytes))
        return file


class FileNameSerializer(serializers.Serializer):
    """What goes along with a file that is the body itself."""

    file_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class ImportProgressSerializer(serializers.Serializer):
    """How many rows are in which state."""

    waiting = serializers.IntegerField(help_text="not checked yet")
    ready = serializers.IntegerField(help_text="can be imported")
    known = serializers.IntegerField(help_text="here already")
    refused = serializers.IntegerField(help_text="can't be imported: `rows/?state=refused` says why")
    done = serializers.IntegerField(help_text="imported")
    total = serializers.IntegerField()


class FileImportSerializer(serializers.Serializer):
    """A file and how far its import is: what the serializer of its model takes over."""

    status = serializers.ChoiceField(choices=ImportStatus.choices)
    columns = serializers.ListField(child=serializers.CharField(), source="header", help_text="as the file names them")
    mapping = serializers.DictField(
        child=serializers.IntegerField(), help_text="which column is what: our field to a position in `columns`, from 0"
    )
    missing = serializers.SerializerMethodField(
        help_text="what no column says yet; while there is any, post a `mapping` to `check/`"
    )
    rows = ImportProgressSerializer(source="progress")

    def get_missing(self, batch: Any) -> list[str]:
        missing: list[str] = self.context["view"].steps.missing(batch)
        return missing
