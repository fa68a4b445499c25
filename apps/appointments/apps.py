from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "apps.appointments"

    def ready(self) -> None:
        from apps.appointments.messages import register_messages
        from apps.appointments.presentations import register_presentations

        register_messages()
        register_presentations()
