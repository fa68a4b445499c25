from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PatientsConfig(AppConfig):
    name = "apps.patients"

    def ready(self) -> None:
        from apps.events.registry import tell_merged_by
        from apps.patients import finder, handlers, presentations  # noqa: F401 - they register themselves
        from apps.patients.exchange.record import register_sections
        from apps.patients.merging.living import merged_into
        from apps.patients.merging.own import register_rules
        from apps.patients.merging.references import install_followers
        from apps.patients.navigation import register_settings

        register_rules()
        register_sections()
        register_settings()
        tell_merged_by(merged_into)
        post_migrate.connect(install_followers, sender=self)
