"""Where the appointment book stands in the navigation and in the settings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.core.navigation import Entry, SettingsPage, register, register_settings_page
from apps.organizations.permissions import Permission

PAGES = (
    ("locations", _("Locations"), "map-pin", _("Where patients are seen, holidays")),
    ("rooms", _("Rooms"), "door", _("What one visit has to itself")),
    ("practitioners", _("Practitioners"), "stethoscope", _("Who, when, where; time off")),
    ("types", _("Appointment types"), "list-details", _("What can be booked, how long")),
    ("closures", _("Closures and holidays"), "calendar-off", _("When nobody can come")),
    ("booking", _("Booking rules"), "adjustments-horizontal", _("No-shows, waitlist, self-service")),
    ("exchange", _("Import and export"), "table-import", _("Appointments as CSV files")),
)


def register_settings() -> None:
    """Add Settings to the navigation, and its pages; called once at start."""
    register(
        Entry("settings", _("Settings"), "settings", "appointments:settings", Permission.PRACTITIONERS_MANAGE, 110)
    )
    for place, (key, label, icon, hint) in enumerate(PAGES):
        register_settings_page(
            SettingsPage(
                key, label, icon, f"appointments:settings-{key}", Permission.PRACTITIONERS_MANAGE, 10 + place, hint
            )
        )
    register_settings_page(
        SettingsPage(
            "outside",
            _("Visits to move"),
            "calendar-x",
            "appointments:outside",
            Permission.APPOINTMENTS_MANAGE,
            30,
            _("Booked, but outside the plan"),
        )
    )
