"""The worker's side of the audit."""

from celery import shared_task

from apps.audit.services import seal_all


@shared_task(name="audit.seal", queue="events")
def seal() -> None:
    """Seal what was recorded since the last time; two at once wait for each other and seal nothing twice."""
    seal_all()
