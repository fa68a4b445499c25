"""The Celery application: queues, and the beat that only wakes sweeps.

Nothing depends on a Celery ETA or on the broker's memory: due work is a row, and each of these tasks looks for rows.
Queues: `inbound`, `outbound`, `events`, `slow`, so that a bulk import never delays a reply.
"""

import os
from typing import Any

import structlog
from celery import Celery
from celery.schedules import crontab
from celery.signals import before_task_publish, celeryd_init, setup_logging, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.task_create_missing_queues = True
QUEUES = ("inbound", "outbound", "events", "slow")
YIELDS_TO_WEB = 10  # nice level of the workers

app.conf.beat_schedule = {
    "heartbeat": {"task": "core.heartbeat", "schedule": 10.0, "options": {"expires": 10}},
    "deliver-events": {"task": "events.deliver", "schedule": 3.0, "options": {"expires": 3}},
    "process-inbound": {"task": "webhooks.process_inbound", "schedule": 3.0, "options": {"expires": 3}},
    "dispatch-communications": {"task": "communications.dispatch", "schedule": 3.0, "options": {"expires": 3}},
    "reconcile-communications": {"task": "communications.reconcile", "schedule": 30.0, "options": {"expires": 30}},
    "expire-holds": {"task": "appointments.expire_holds", "schedule": 15.0, "options": {"expires": 15}},
    "expire-offers": {"task": "appointments.expire_offers", "schedule": 10.0, "options": {"expires": 10}},
    "close-past-windows": {"task": "appointments.close_past_windows", "schedule": 1800.0, "options": {"expires": 1800}},
    "import-appointments": {"task": "appointments.work_on_imports", "schedule": 30.0, "options": {"expires": 30}},
    "forget-imports": {"task": "appointments.forget_imports", "schedule": 3600.0, "options": {"expires": 3600}},
    "work-on-files": {"task": "media.work_on_due", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-files": {"task": "media.sweep_orphans", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
    "compare-patients": {"task": "patients.work_on_match_runs", "schedule": 30.0, "options": {"expires": 30}},
    "compare-every-patient": {
        "task": "patients.compare_everybody",
        "schedule": crontab(minute="20", hour="2"),
        "options": {"expires": 3600},
    },
    "import-patients": {"task": "patients.work_on_imports", "schedule": 30.0, "options": {"expires": 30}},
    "forget-patient-imports": {"task": "patients.forget_imports", "schedule": 3600.0, "options": {"expires": 3600}},
    "advance-journeys": {"task": "journeys.advance_due", "schedule": 15.0, "options": {"expires": 15}},
    "sweep-conversations": {"task": "conversations.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "forget-expired-answers": {"task": "core.forget_expired", "schedule": 3600.0, "options": {"expires": 3600}},
    "forget-done-deliveries": {"task": "events.forget_done", "schedule": 3600.0, "options": {"expires": 3600}},
    "seal-events": {"task": "audit.seal", "schedule": 10.0, "options": {"expires": 10}},
    "keep-holidays": {
        "task": "practitioners.keep_holidays",
        "schedule": crontab(minute="0", hour="3", day_of_month="1"),
        "options": {"expires": 86400},
    },
}


@celeryd_init.connect
def _let_the_web_go_first(**_kwargs: object) -> None:
    """Work at a lower priority than the web: on a machine that both share, a burst of messages must not delay the answers to the next ones."""
    os.nice(max(0, YIELDS_TO_WEB - os.nice(0)))


@setup_logging.connect
def _keep_our_logging(**_kwargs: object) -> None:
    """Leave logging as the settings configured it; without this Celery replaces the root handlers."""


@before_task_publish.connect
def _take_the_request_id_along(headers: dict[str, Any] | None = None, **_kwargs: object) -> None:
    """Send the id of the request that rang the bell, so that one search finds both sides of it in the logs."""
    known = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and known:
        headers["clinic_request_id"] = known


@task_prerun.connect
def _name_the_task_in_logs(task: Any = None, task_id: str = "", **_kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
    given = getattr(task.request, "clinic_request_id", None) or task_id.replace("-", "")
    structlog.contextvars.bind_contextvars(task=task.name, request_id=given)


@task_postrun.connect
def _forget_the_task_in_logs(**_kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
