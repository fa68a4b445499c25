"""`/api/v1/practitioners/`, `rooms/`, `locations/`; and the base of `schedules/`, `time-off/`, `closures/`.

What changes the plan is routed by `appointments.api_settings`, which knows the visits that it affects.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from apps.core.api.filters import FilterSet, InstantFilter
from apps.core.api.pagination import CursorPagination
from apps.core.api.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, TenantViewSet, UpdateMixin
from apps.organizations.models import Location
from apps.organizations.permissions import Permission
from apps.practitioners import services
from apps.practitioners.models import BusyTime, Closure, Practitioner, Room, TimeOff, WeeklyHours
from apps.practitioners.serializers import (
    ClosureSerializer,
    ClosureUpdateSerializer,
    ClosureWriteSerializer,
    LocationSerializer,
    LocationUpdateSerializer,
    LocationWriteSerializer,
    PractitionerSerializer,
    PractitionerUpdateSerializer,
    PractitionerWriteSerializer,
    RoomSerializer,
    RoomUpdateSerializer,
    RoomWriteSerializer,
    TimeOffSerializer,
    TimeOffUpdateSerializer,
    TimeOffWriteSerializer,
    WeeklyHoursSerializer,
    WeeklyHoursWriteSerializer,
)

READ = {"list": Permission.PRACTITIONERS_VIEW, "retrieve": Permission.PRACTITIONERS_VIEW}
WRITE = Permission.PRACTITIONERS_MANAGE


class ByName(CursorPagination):
    """In the order in which people read them."""

    ordering = ("name", "id")


class InListOrder(CursorPagination):
    """As the clinic sorted its people."""

    ordering = ("sort_order", "family_name", "given_name", "id")


class InWeekOrder(CursorPagination):
    """By weekday and time."""

    ordering = ("weekday", "start_time", "id")


class LocationViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """Places where patients are seen. The public holidays that one observes are its closures."""

    queryset = Location.objects.all()
    serializer_class = LocationSerializer
    write_serializer_class = LocationWriteSerializer
    update_serializer_class = LocationUpdateSerializer
    pagination_class = ByName
    filterset_fields = ["is_active"]
    search_fields = ["name", "city"]
    permissions = {**READ, "create": WRITE, "partial_update": WRITE}

    def perform_create(self, data: dict[str, Any]) -> Location:
        return services.open_location(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Location, data: dict[str, Any], version: int | None) -> Location:
        return services.update_location(location=instance, changes=data, actor=self.actor)


class PractitionerFilter(FilterSet):
    """By place of work."""

    location = django_filters.UUIDFilter(method="at_location", label="has weekly hours there")

    class Meta:
        model = Practitioner
        fields = ["is_active"]

    def at_location(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        return rows.filter(pk__in=WeeklyHours.objects.filter(location_id=value).values("practitioner_id"))


class PractitionerViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """People who see patients."""

    queryset = Practitioner.objects.all()
    serializer_class = PractitionerSerializer
    write_serializer_class = PractitionerWriteSerializer
    update_serializer_class = PractitionerUpdateSerializer
    pagination_class = InListOrder
    filterset_class = PractitionerFilter
    search_fields = ["given_name", "family_name", "specialty"]
    permissions = {**READ, "create": WRITE, "partial_update": WRITE}

    def perform_create(self, data: dict[str, Any]) -> Practitioner:
        return services.create_practitioner(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Practitioner, data: dict[str, Any], version: int | None) -> Practitioner:
        return services.update_practitioner(practitioner=instance, changes=data, actor=self.actor)


class RoomViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, TenantViewSet):
    """Rooms at locations."""

    queryset = Room.objects.all()
    serializer_class = RoomSerializer
    write_serializer_class = RoomWriteSerializer
    update_serializer_class = RoomUpdateSerializer
    pagination_class = ByName
    filterset_fields = ["location", "is_active"]
    search_fields = ["name"]
    permissions = {**READ, "create": WRITE, "partial_update": WRITE}

    def perform_create(self, data: dict[str, Any]) -> Room:
        return services.create_room(actor=self.actor, **data)

    def perform_update(self, instance: Room, data: dict[str, Any], version: int | None) -> Room:
        return services.update_room(room=instance, changes=data, actor=self.actor)


class ScheduleViewSet(ListMixin, RetrieveMixin, CreateMixin, DestroyMixin, TenantViewSet):
    """Weekly hours: one row per stretch. To change a stretch, delete it and add another."""

    queryset = WeeklyHours.objects.select_related("practitioner", "location", "room")
    serializer_class = WeeklyHoursSerializer
    write_serializer_class = WeeklyHoursWriteSerializer
    pagination_class = InWeekOrder
    filterset_fields = ["practitioner", "location", "weekday"]
    permissions = {**READ, "create": WRITE, "destroy": WRITE}

    def perform_create(self, data: dict[str, Any]) -> WeeklyHours:
        practitioner = data.pop("practitioner")
        return services.add_weekly_hours(practitioner=practitioner, row=services.HoursRow(**data), actor=self.actor)

    def perform_destroy(self, instance: WeeklyHours) -> None:
        services.remove_weekly_hours(hours=instance, actor=self.actor)


class PeriodFilter(FilterSet):
    """What meets [start, end)."""

    start = InstantFilter(field_name="period__endswith", lookup_expr="gt", label="ends after")
    end = InstantFilter(field_name="period__startswith", lookup_expr="lt", label="begins before")


class TimeOffFilter(PeriodFilter):
    """Absences of a person, or in a time."""

    class Meta:
        model = TimeOff
        fields = ["practitioner"]


class TimeOffViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    """Absences of practitioners. Booked appointments stay: somebody must move them."""

    queryset = TimeOff.objects.select_related("practitioner")
    serializer_class = TimeOffSerializer
    write_serializer_class = TimeOffWriteSerializer
    update_serializer_class = TimeOffUpdateSerializer
    filterset_class = TimeOffFilter
    permissions = {**READ, "create": WRITE, "partial_update": WRITE, "destroy": WRITE}

    def perform_create(self, data: dict[str, Any]) -> TimeOff:
        return services.add_time_off(actor=self.actor, **data)

    def perform_update(self, instance: TimeOff, data: dict[str, Any], version: int | None) -> TimeOff:
        period = {"start": instance.period.lower, "end": instance.period.upper}
        return services.update_time_off(time_off=instance, actor=self.actor, **(period | data))

    def perform_destroy(self, instance: TimeOff) -> None:
        services.remove_time_off(time_off=instance, actor=self.actor)


class BusyTimeFilter(PeriodFilter):
    """Busy times of a calendar, or in a time."""

    class Meta:
        model = BusyTime
        fields = ["calendar"]


class ClosureFilter(PeriodFilter):
    """Closures of a place, or in a time."""

    class Meta:
        model = Closure
        fields = ["location", "is_active"]


class ClosureViewSet(ListMixin, RetrieveMixin, CreateMixin, UpdateMixin, DestroyMixin, TenantViewSet):
    """Times when a location, or the whole clinic, is closed; public holidays among them."""

    queryset = Closure.objects.select_related("location")
    serializer_class = ClosureSerializer
    write_serializer_class = ClosureWriteSerializer
    update_serializer_class = ClosureUpdateSerializer
    filterset_class = ClosureFilter
    permissions = {**READ, "create": WRITE, "partial_update": WRITE, "destroy": WRITE}

    def perform_create(self, data: dict[str, Any]) -> Closure:
        return services.add_closure(organization=self.request.organization, actor=self.actor, **data)

    def perform_update(self, instance: Closure, data: dict[str, Any], version: int | None) -> Closure:
        return services.update_closure(closure=instance, actor=self.actor, **data)

    def perform_destroy(self, instance: Closure) -> None:
        services.remove_closure(closure=instance, actor=self.actor)


routes = [
    ("locations", LocationViewSet, "locations"),
    ("practitioners", PractitionerViewSet, "practitioners"),
    ("rooms", RoomViewSet, "rooms"),
]
