from django.apps import AppConfig


class CommunicationsConfig(AppConfig):
    name = "apps.communications"

    def ready(self) -> None:
        from apps.communications import handlers, integrations, presentations  # noqa: F401 - they register themselves
        from apps.communications.exporting import register_sections
        from apps.communications.merging import register_merging

        register_merging()
        register_sections()
