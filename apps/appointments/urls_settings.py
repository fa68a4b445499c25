"""Routes of the settings pages, and of the visits that a change of the settings put outside."""

from django.urls import path

from apps.appointments.views import outside
from apps.appointments.views.settings import absences, busy_times, hours, index, people, places, types, use

urlpatterns = [
    path("settings/", index.index, name="settings"),
    path("settings/locations/", places.locations, name="settings-locations"),
    path("settings/locations/new/", places.new_location, name="settings-location-new"),
    path("settings/locations/regions/", places.regions, name="settings-regions"),
    path("settings/locations/<uuid:pk>/", places.location, name="settings-location"),
    path("settings/locations/<uuid:pk>/rooms/new/", places.new_room, name="settings-room-new"),
    path("settings/rooms/", places.rooms, name="settings-rooms"),
    path("settings/rooms/<uuid:pk>/", places.room, name="settings-room"),
    path("settings/practitioners/", people.practitioners, name="settings-practitioners"),
    path("settings/practitioners/new/", people.new_practitioner, name="settings-practitioner-new"),
    path("settings/practitioners/<uuid:pk>/", people.practitioner, name="settings-practitioner"),
    path("settings/practitioners/<uuid:pk>/hours/", hours.hours, name="settings-hours"),
    path("settings/practitioners/<uuid:pk>/hours/from/", hours.split, name="settings-hours-split"),
    path("settings/practitioners/<uuid:pk>/time-off/", absences.time_off, name="settings-time-off"),
    path("settings/practitioners/<uuid:pk>/time-off/new/", absences.new_time_off, name="settings-time-off-new"),
    path(
        "settings/practitioners/<uuid:pk>/calendars/new/", busy_times.import_calendar, name="settings-calendar-import"
    ),
    path(
        "settings/practitioners/<uuid:pk>/calendars/remove/",
        busy_times.remove_calendar,
        name="settings-calendar-remove",
    ),
    path("settings/time-off/<uuid:pk>/", absences.change_time_off, name="settings-time-off-change"),
    path("settings/time-off/<uuid:pk>/remove/", absences.drop_time_off, name="settings-time-off-remove"),
    path("settings/closures/", absences.closures, name="settings-closures"),
    path("settings/closures/new/", absences.new_closure, name="settings-closure-new"),
    path("settings/closures/<uuid:pk>/", absences.change_closure, name="settings-closure"),
    path("settings/closures/<uuid:pk>/remove/", absences.drop_closure, name="settings-closure-remove"),
    path("settings/holidays/<uuid:pk>/", absences.holiday, name="settings-holiday"),
    path("settings/types/", types.types, name="settings-types"),
    path("settings/types/new/", types.new_type, name="settings-type-new"),
    path("settings/types/<uuid:pk>/", types.appointment_type, name="settings-type"),
    path("settings/booking/", types.booking_rules, name="settings-booking"),
    path("settings/<slug:kind>/<uuid:pk>/use/", use.use, name="settings-use"),
    path("appointments/outside/", outside.outside, name="outside"),
    path("appointments/outside/ask/", outside.ask_all, name="outside-ask-all"),
    path("appointments/<uuid:pk>/outside/times/", outside.times, name="outside-times"),
    path("appointments/<uuid:pk>/outside/move/", outside.move, name="outside-move"),
    path("appointments/<uuid:pk>/outside/back/", outside.back, name="outside-back"),
    path("appointments/<uuid:pk>/outside/ask/", outside.ask, name="outside-ask"),
    path("appointments/<uuid:pk>/outside/keep/", outside.keep, name="outside-keep"),
]
