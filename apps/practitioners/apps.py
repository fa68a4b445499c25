from django.apps import AppConfig


class PractitionersConfig(AppConfig):
    name = "apps.practitioners"

    def ready(self) -> None:
        from apps.practitioners import handlers  # noqa: F401 - listens from here on
