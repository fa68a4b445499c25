from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "apps.journeys"

    def ready(self) -> None:
        from apps.journeys import actions, handlers, messages, navigation, presentations  # noqa: F401 - they register themselves
        from apps.journeys.exporting import register_sections
        from apps.journeys.merging import register_merging

        register_merging()
        register_sections()
