"""Appointment types to set up, appointments to look at; visits change through the portal, where the rules are."""

from __future__ import annotations

from django.contrib import admin

from apps.appointments.models import Appointment, AppointmentType, PractitionerType
from apps.core.admin import ModelAdmin, TabularInline


class OfferedBy(TabularInline):
    model = PractitionerType
    autocomplete_fields = ["practitioner"]


@admin.register(AppointmentType)
class AppointmentTypeAdmin(ModelAdmin):
    list_display = [
        "name",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "online_bookable",
        "needs_room",
        "is_active",
    ]
    list_filter = ["is_active", "online_bookable"]
    search_fields = ["name", "keywords"]
    inlines = [OfferedBy]
    may_delete = False


@admin.register(Appointment)
class AppointmentAdmin(ModelAdmin):
    """Read-only: booking, moving and cancelling need the checks and the messages of the portal."""

    list_display = ["start", "patient", "practitioner", "appointment_type", "status", "source", "version"]
    list_filter = ["status", "source", "practitioner", "location"]
    list_select_related = ["patient", "practitioner", "appointment_type"]
    search_fields = ["patient__family_name", "patient__given_name", "reason"]
    date_hierarchy = "start"
    ordering = ["-start"]
    read_only = True
