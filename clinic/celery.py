"""The Celery application: queues, and the beat that only wakes sweeps.

Nothing depends on a Celery ETA or on the broker's memory: due work is a row, and each of these tasks looks for rows.
Queues: `inbound`, `outbound`, `events`, `slow`, so that a bulk import never delays a reply.
"""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.task_queues = None
app.conf.task_create_missing_queues = True
QUEUES = ("inbound", "outbound", "events", "slow")

app.conf.beat_schedule = {
    "heartbeat": {"task": "core.heartbeat", "schedule": 10.0, "options": {"expires": 10}},
    "deliver-events": {"task": "events.deliver", "schedule": 3.0, "options": {"expires": 3}},
    "process-inbound": {"task": "webhooks.process_inbound", "schedule": 3.0, "options": {"expires": 3}},
    "dispatch-communications": {"task": "communications.dispatch", "schedule": 3.0, "options": {"expires": 3}},
    "reconcile-communications": {"task": "communications.reconcile", "schedule": 30.0, "options": {"expires": 30}},
    "expire-holds": {"task": "appointments.expire_holds", "schedule": 15.0, "options": {"expires": 15}},
    "advance-journeys": {"task": "journeys.advance_due", "schedule": 15.0, "options": {"expires": 15}},
    "seal-events": {"task": "audit.seal", "schedule": 10.0, "options": {"expires": 10}},
}


@setup_logging.connect
def _keep_our_logging(**_kwargs: object) -> None:
    """Leave logging as the settings configured it; without this Celery replaces the root handlers."""
