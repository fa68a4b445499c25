"""Practitioners, rooms, weekly hours and absences."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from apps.core.admin import ModelAdmin, TabularInline
from apps.practitioners.models import Closure, Practitioner, Room, TimeOff, WeeklyHours


class WeeklyHoursInline(TabularInline):
    model = WeeklyHours


@admin.register(Practitioner)
class PractitionerAdmin(ModelAdmin):
    list_display = ["display_name", "specialty", "colour", "sort_order", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["family_name", "given_name", "specialty"]
    inlines = [WeeklyHoursInline]
    may_delete = False


@admin.register(Room)
class RoomAdmin(ModelAdmin):
    list_display = ["name", "location", "is_active"]
    list_filter = ["location", "is_active"]
    list_select_related = ["location"]
    search_fields = ["name"]
    may_delete = False


@admin.register(TimeOff)
class TimeOffAdmin(ModelAdmin):
    list_display = ["practitioner", "period", "reason"]
    list_filter = ["practitioner"]
    list_select_related = ["practitioner"]
    autocomplete_fields = ["practitioner"]


@admin.register(Closure)
class ClosureAdmin(ModelAdmin):
    """Closures; public holidays among them keep their day, and may be switched off."""

    list_display = ["reason", "location", "period", "holiday_on", "is_active"]
    list_filter = ["location", "is_active"]
    list_select_related = ["location"]
    readonly_fields = ["holiday_on"]

    def has_delete_permission(self, request: HttpRequest, obj: Closure | None = None) -> bool:
        """Keep public holidays: they would come back; one on which the clinic works is made inactive."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.holiday_on is None)
