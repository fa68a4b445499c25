"""The inbound log: what came in, what became of it, and the button that processes it again."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.core.admin import ModelAdmin
from apps.webhooks import services
from apps.webhooks.models import InboundEvent


@admin.register(InboundEvent)
class InboundEventAdmin(ModelAdmin):
    list_display = ["created_at", "source", "provider_id", "status", "attempts", "due_at", "error"]
    list_filter = ["status", "source"]
    search_fields = ["provider_id__exact", "contact_key__exact", "request_id__exact"]
    search_help_text = "message id, contact (whatsapp:+15551234567) or request id"
    read_only = True
    actions = ["replay"]

    @admin.action(description="Process the chosen ones again")
    def replay(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        chosen = list(queryset)
        for event in chosen:
            services.replay_inbound(event=event, actor=request.actor)  # type: ignore[attr-defined]
        self.message_user(request, _("%(count)d requests will be processed again.") % {"count": len(chosen)})
