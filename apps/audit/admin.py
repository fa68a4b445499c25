"""Who looked at whom, and the chain over it: to read."""

from __future__ import annotations

from django.contrib import admin

from apps.audit.models import AccessRecord, ChainLink
from apps.core.admin import ModelAdmin


@admin.register(AccessRecord)
class AccessRecordAdmin(ModelAdmin):
    list_display = ["occurred_at", "actor_label", "kind", "patient_id", "route"]
    list_filter = ["kind", "actor_kind"]
    search_fields = ["patient_id__exact", "actor_id__exact"]
    search_help_text = "id of the patient or of the actor"
    read_only = True


@admin.register(ChainLink)
class ChainLinkAdmin(ModelAdmin):
    list_display = ["sequence", "kind", "record_id", "digest"]
    list_filter = ["kind"]
    read_only = True
