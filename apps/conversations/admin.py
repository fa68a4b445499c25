"""Conversations in the admin: to look at what the bot remembers and why; answering happens in the inbox."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from apps.audit.services import record_access
from apps.conversations.models import Conversation, Message
from apps.core.admin import ModelAdmin, TabularInline


class MessageInline(TabularInline):
    model = Message
    fields = ["sequence", "sent_at", "kind", "author", "user", "body", "provider_id"]
    ordering = ["-sequence"]
    per_page = 50
    read_only = True


@admin.register(Conversation)
class ConversationAdmin(ModelAdmin):
    """Read only: every change of a thread goes through a service, under its lock. A look at a patient's is recorded."""

    list_display = [
        "last_message_at",
        "channel",
        "address",
        "patient",
        "status",
        "owner_kind",
        "owner",
        "state",
        "attention",
    ]
    list_filter = ["status", "owner_kind", "attention", "state", "channel"]
    list_select_related = ["patient", "owner"]
    search_fields = ["address__exact", "display_name"]
    search_help_text = "number (+15551234567) or profile name"
    ordering = ["-last_message_at"]
    inlines = [MessageInline]
    read_only = True

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        thread = self.get_object(request, object_id)
        if thread is not None and thread.patient_id is not None:
            record_access(
                organization=request.organization,  # type: ignore[attr-defined]
                actor=request.actor,  # type: ignore[attr-defined]
                patient_ids=[thread.patient_id],
                route="admin:conversations_conversation_change",
            )
        return super().change_view(request, object_id, form_url, extra_context)
