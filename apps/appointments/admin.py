"""Appointment types to set up, appointments to look at; visits change through the portal, where the rules are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from apps.appointments.models import (
    Appointment,
    AppointmentSettings,
    AppointmentType,
    PractitionerType,
    TypeLocation,
    TypeRoom,
    WaitlistEntry,
)
from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core.admin import ModelAdmin, TabularInline


class OfferedBy(TabularInline):
    model = PractitionerType
    autocomplete_fields = ["practitioner"]


class AtLocations(TabularInline):
    """Where the type takes place; no row: everywhere."""

    model = TypeLocation


class InRooms(TabularInline):
    """Which rooms it may use; no row: any of the location."""

    model = TypeRoom
    autocomplete_fields = ["room"]


@admin.register(AppointmentType)
class AppointmentTypeAdmin(ModelAdmin):
    list_display = [
        "name",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "online_bookable",
        "needs_room",
        "capacity",
        "price",
        "is_active",
    ]
    list_filter = ["is_active", "online_bookable"]
    search_fields = ["name", "keywords"]
    inlines = [OfferedBy, AtLocations, InRooms]
    may_delete = False


@admin.register(AppointmentSettings)
class AppointmentSettingsAdmin(ModelAdmin):
    """The one row of what the clinic decided; without it the defaults hold."""

    list_display = ["__str__", "no_show_after_minutes", "no_shows_block_online", "waitlist_fills_automatically"]
    may_delete = False

    def has_add_permission(self, request: HttpRequest, obj: AppointmentSettings | None = None) -> bool:
        return super().has_add_permission(request, obj) and not self.get_queryset(request).exists()


class NotedAdmin(ModelAdmin):
    """Admin of rows about a patient: every look at one or at a list is noted."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "GET":
            _note(request, [found], AccessKind.VIEW)
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", {}).get("cl")
        if listed is not None:
            _note(request, listed.result_list, AccessKind.SEARCH)
        return response


@admin.register(Appointment)
class AppointmentAdmin(NotedAdmin):
    """Read-only: booking, moving and cancelling need the checks and the messages of the portal. Looks are noted."""

    list_display = ["start", "patient", "practitioner", "appointment_type", "status", "source", "version"]
    list_filter = ["status", "source", "practitioner", "location"]
    list_select_related = ["patient", "practitioner", "appointment_type"]
    search_fields = ["patient__family_name", "patient__given_name", "reason"]
    date_hierarchy = "start"
    ordering = ["-start"]
    read_only = True


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(NotedAdmin):
    """Read-only: offers hold times and write to patients, which needs the rules of the portal. Looks are noted."""

    list_display = ["patient", "appointment_type", "urgency", "status", "earliest_date", "latest_date", "created_at"]
    list_filter = ["status", "urgency", "appointment_type"]
    list_select_related = ["patient", "appointment_type"]
    search_fields = ["patient__family_name", "patient__given_name"]
    ordering = ["-created_at"]
    read_only = True


def _note(request: HttpRequest, rows: Iterable[Appointment | WaitlistEntry], kind: AccessKind) -> None:
    record_access(
        organization=request.organization,  # type: ignore[attr-defined]
        actor=request.actor,  # type: ignore[attr-defined]
        patient_ids=dict.fromkeys(one.patient_id for one in rows if one.patient_id is not None),
        route=_route(request),
        kind=kind,
    )


def _route(request: HttpRequest) -> str:
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name.removesuffix("_changelist").removesuffix("_change")
