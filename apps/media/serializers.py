"""Files as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import InstantField, InUtc
from apps.media.models import Media, MediaState, Purpose
from apps.media.selectors import same_file
from apps.media.services.records import REASON_CHARS
from apps.media.storage import FILE_FIELD, UploadForm
from apps.patients.serializers import PatientField

NAME_CHARS = 1000
MOST_SIZE = 2**53
UPLOAD_PURPOSES = [(purpose.value, purpose.label) for purpose in (Purpose.DOCUMENT, Purpose.PHOTO)]


class MediaSerializer(InUtc, serializers.ModelSerializer):
    """One file (FHIR DocumentReference with its Attachment). What is known of the bytes is null until it is ready."""

    patient: serializers.PrimaryKeyRelatedField = serializers.PrimaryKeyRelatedField(
        read_only=True, pk_field=serializers.UUIDField(), allow_null=True
    )
    content_type = serializers.CharField(source="stored.content_type", default=None, read_only=True, allow_null=True)
    size = serializers.IntegerField(
        source="stored.size", default=None, read_only=True, allow_null=True, help_text="bytes, as it is kept"
    )
    sha256 = serializers.CharField(
        source="stored.sha256",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="of the bytes as they were sent",
    )
    width = serializers.IntegerField(source="stored.width", default=None, read_only=True, allow_null=True)
    height = serializers.IntegerField(source="stored.height", default=None, read_only=True, allow_null=True)
    pages = serializers.IntegerField(source="stored.pages", default=None, read_only=True, allow_null=True)
    has_preview = serializers.SerializerMethodField()
    is_photo = serializers.SerializerMethodField(help_text="chosen as the patient's photo; the latest counts")

    class Meta:
        model = Media
        fields = [
            "id",
            "patient",
            "purpose",
            "subject_kind",
            "subject_id",
            "file_name",
            "state",
            "reason",
            "reason_code",
            "content_type",
            "size",
            "sha256",
            "width",
            "height",
            "pages",
            "has_preview",
            "is_photo",
            "created_at",
            "ready_at",
            "deleted_at",
        ]
        read_only_fields = fields

    def get_has_preview(self, media: Media) -> bool:
        return bool(media.stored and media.stored.preview_key)

    def get_is_photo(self, media: Media) -> bool:
        return media.photo_at is not None and media.state == MediaState.READY


class SameFileSerializer(serializers.Serializer):
    """A file of the patient with the same bytes."""

    id = serializers.UUIDField()
    file_name = serializers.CharField()


class CompletedSerializer(MediaSerializer):
    """A file that was sent, and whether the patient had it already."""

    same_as = serializers.SerializerMethodField(help_text="an earlier file of the patient with the same bytes, or null")

    class Meta(MediaSerializer.Meta):
        fields = [*MediaSerializer.Meta.fields, "same_as"]
        read_only_fields = fields

    @extend_schema_field(SameFileSerializer(allow_null=True))
    def get_same_as(self, media: Media) -> dict[str, Any] | None:
        """Look for it; one query, none for a file that is nobody's or not ready."""
        same = same_file(media)
        return dict(SameFileSerializer(same).data) if same else None


class UploadFormSerializer(serializers.Serializer):
    """Send the file as multipart/form-data: all `fields`, then the file as `file_field`."""

    method = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    fields_ = serializers.DictField(child=serializers.CharField())
    file_field = serializers.SerializerMethodField()
    max_bytes = serializers.IntegerField()
    expires_at = InstantField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """Call it `fields` in the answer; as an attribute that name is DRF's own."""
        found = super().get_fields()
        return {("fields" if name == "fields_" else name): field for name, field in found.items()}

    @extend_schema_field(serializers.ChoiceField(choices=["POST"]))
    def get_method(self, _form: UploadForm) -> str:
        return "POST"

    def get_url(self, form: UploadForm) -> str:
        return str(self.context["request"].build_absolute_uri(form.url))

    def get_file_field(self, _form: UploadForm) -> str:
        return FILE_FIELD


class UploadSerializer(MediaSerializer):
    """A file that is expected, and where to send it."""

    upload = serializers.SerializerMethodField()

    class Meta(MediaSerializer.Meta):
        fields = [*MediaSerializer.Meta.fields, "upload"]
        read_only_fields = fields

    @extend_schema_field(UploadFormSerializer)
    def get_upload(self, _media: Media) -> dict[str, Any]:
        return dict(UploadFormSerializer(self.context["form"], context=self.context).data)


class UploadWriteSerializer(serializers.Serializer):
    """What will be sent. Without a `content_type` the name's extension counts; in the end, the bytes."""

    file_name = serializers.CharField(max_length=NAME_CHARS)
    content_type = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    size = serializers.IntegerField(
        min_value=1,
        max_value=MOST_SIZE,
        help_text="bytes; the upload may not have more",
        error_messages={"min_value": gettext_lazy("The file is empty. Choose another one.")},
    )
    purpose = serializers.ChoiceField(choices=UPLOAD_PURPOSES, default=Purpose.DOCUMENT.value)
    patient = PatientField(required=False, allow_null=True, default=None)
    subject_kind = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    subject_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class CompleteSerializer(serializers.Serializer):
    """Nothing to say."""


class DeletionSerializer(serializers.Serializer):
    """Why a file is deleted."""

    reason = serializers.CharField(max_length=REASON_CHARS)


class DownloadSerializer(serializers.Serializer):
    """Where the bytes can be read, for some minutes, without a key."""

    url = serializers.CharField()
    content_type = serializers.CharField()
    expires_at = InstantField()
