from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "apps.appointments"

    def ready(self) -> None:
        from apps.appointments import handlers  # noqa: F401 - registers them
        from apps.appointments.archiving import register_archiving
        from apps.appointments.exporting import register_sections
        from apps.appointments.files import register_files
        from apps.appointments.merging import register_merging
        from apps.appointments.messages import register_messages
        from apps.appointments.navigation import register_settings
        from apps.appointments.presentations import register_presentations
        from apps.appointments.series_messages import register_series_messages
        from apps.appointments.views.panels import visits_of, waitlist_badge
        from apps.appointments.waitlist_messages import register_offer_messages
        from apps.core.navigation import Entry, NewAction, register, register_action
        from apps.organizations.permissions import Permission
        from apps.patients import panels

        register_archiving()
        register_merging()
        register_sections()
        register_files()
        register_messages()
        register_series_messages()
        register_offer_messages()
        register_presentations()
        register_settings()
        register(
            Entry("calendar", _("Calendar"), "calendar", "appointments:calendar", Permission.APPOINTMENTS_VIEW, 20)
        )
        panels.register(
            slot="tab",
            key="appointments",
            label=_("Appointments"),
            url_name="appointments:for-patient",
            order=20,
            permission=Permission.APPOINTMENTS_VIEW,
            live=("appointments",),
            rows=visits_of,
        )
        panels.register(
            slot="rail",
            key="next-appointment",
            label=_("Next"),
            url_name="appointments:next-for-patient",
            order=10,
            permission=Permission.APPOINTMENTS_VIEW,
            live=("appointments", "communications"),
        )
        register(
            Entry(
                "waitlist",
                _("Waitlist"),
                "hourglass",
                "appointments:waitlist",
                Permission.APPOINTMENTS_VIEW,
                25,
                waitlist_badge,
            )
        )
        register(Entry("reports", _("Reports"), "chart-bar", "appointments:reports", Permission.REPORTS_VIEW, 100))
        panels.register(
            slot="rail",
            key="waitlist",
            label=_("Waitlist"),
            url_name="appointments:waitlist-for-patient",
            order=15,
            permission=Permission.APPOINTMENTS_VIEW,
            live=("waitlists",),
        )
        panels.register(
            slot="rail",
            key="attendance",
            label=_("Attendance"),
            url_name="appointments:attendance",
            order=40,
            permission=Permission.APPOINTMENTS_VIEW,
            live=("appointments",),
        )
        panels.register(
            slot="action",
            key="book",
            label=_("Book"),
            url_name="appointments:book-for-patient",
            order=30,
            permission=Permission.APPOINTMENTS_MANAGE,
            icon="calendar-plus",
            shortcut="b",
            modal=True,
            active_only=True,
        )
        register_action(
            NewAction(
                _("Appointment"),
                "calendar-plus",
                "appointments:book",
                Permission.APPOINTMENTS_MANAGE,
                order=10,
                words=_("new book visit schedule"),
            )
        )
        register_action(
            NewAction(
                _("Waitlist entry"),
                "hourglass",
                "appointments:waitlist-add",
                Permission.APPOINTMENTS_MANAGE,
                order=12,
                words=_("new add waiting list"),
            )
        )
