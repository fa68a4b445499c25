"""Journeys in the admin: to look things up; stages and runs change in the portal and over the API."""

from __future__ import annotations

from django.contrib import admin

from apps.core.admin import ModelAdmin, TabularInline
from apps.journeys.models import Definition, DefinitionVersion, Instance, Stage, StageStatus


class VersionInline(TabularInline):
    model = DefinitionVersion
    fields = ["number", "published_at"]
    read_only = True
    show_change_link = True


@admin.register(Definition)
class DefinitionAdmin(ModelAdmin):
    list_display = ["name", "key", "starts_on", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "key"]
    inlines = [VersionInline]
    read_only = True


class StageInline(TabularInline):
    model = Stage
    fields = [
        "position",
        "name",
        "advance_on",
        "advance_after_minutes",
        "overdue_after_minutes",
        "return_on",
        "actions",
    ]
    read_only = True


@admin.register(DefinitionVersion)
class DefinitionVersionAdmin(ModelAdmin):
    list_display = ["definition", "number", "published_at"]
    list_select_related = ["definition"]
    inlines = [StageInline]
    read_only = True


class StageStatusInline(TabularInline):
    model = StageStatus
    fields = ["stage", "state", "entered_at", "left_at", "by", "note"]
    read_only = True


@admin.register(Instance)
class InstanceAdmin(ModelAdmin):
    list_display = ["definition", "patient", "label", "current_stage", "status", "stage_entered_at", "overdue_at"]
    list_filter = ["status", "definition"]
    list_select_related = ["definition", "patient", "current_stage"]
    search_fields = ["patient__search_text", "label"]
    inlines = [StageStatusInline]
    read_only = True
