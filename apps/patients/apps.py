from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "apps.patients"

    def ready(self) -> None:
        from apps.patients import finder, handlers, presentations  # noqa: F401 - they register themselves
