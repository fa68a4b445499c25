"""Practitioners, rooms, weekly hours and absences."""

from __future__ import annotations

from django.contrib import admin

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
    list_display = ["reason", "location", "period"]
    list_filter = ["location"]
    list_select_related = ["location"]
