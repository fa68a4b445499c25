from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "apps.audit"

    def ready(self) -> None:
        from apps.audit.services import write_accesses
        from apps.core import traces

        traces.register("access", write_accesses)
        post_migrate.connect(_settle_restored, sender=self, dispatch_uid="audit.settle_restored")


def _settle_restored(**_kwargs: object) -> None:
    """Look after a complete migrate whether the database is a restored backup."""
    from django.db import connection

    from apps.audit.services import settle_restored

    wanted = {"audit_accessrecord", "audit_chainhead", "events_event"}
    if wanted <= set(connection.introspection.table_names()):
        settle_restored()
