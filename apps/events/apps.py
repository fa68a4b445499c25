from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "apps.events"

    def ready(self) -> None:
        from apps.core.announcements import deliver_to
        from apps.events.services import emit

        deliver_to(emit)
