"""Files in the admin: to look things up. What is decided about them is decided on the patient's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from apps.audit.services import record_access
from apps.core.admin import ModelAdmin
from apps.media.models import Media, MediaObject


@admin.register(Media)
class MediaAdmin(ModelAdmin):
    """Read only; a look at a patient's file is recorded."""

    list_display = ["created_at", "file_name", "patient", "purpose", "state", "reason_code", "attempts"]
    list_filter = ["state", "purpose", "source"]
    list_select_related = ["patient"]
    search_fields = ["id__exact", "subject_id__exact"]
    search_help_text = "id of the file, or of the message or visit that it belongs to"
    ordering = ["-id"]
    read_only = True

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and row.patient_id is not None:
            record_access(
                organization=request.organization,  # type: ignore[attr-defined]
                actor=request.actor,  # type: ignore[attr-defined]
                patient_ids=[row.patient_id],
                route="admin:media_media",
            )
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(MediaObject)
class MediaObjectAdmin(ModelAdmin):
    """Read only: what is stored, once per content."""

    list_display = ["created_at", "content_type", "size", "sha256", "removed_at"]
    list_filter = ["content_type"]
    search_fields = ["sha256__exact"]
    ordering = ["-id"]
    read_only = True
