"""The worker's side of the ledger. Each task looks for rows itself; beat and commits only wake them."""

from __future__ import annotations

from celery import shared_task

from apps.communications import services
from apps.communications.accounts import simulator_allowed

BATCHES_PER_TASK = 20


@shared_task(name="communications.dispatch", queue="outbound")
def dispatch() -> None:
    """Send what is due, within a bound so that one task never holds a worker for long; then play the simulated carrier."""
    for _batch in range(BATCHES_PER_TASK):
        if services.dispatch_due() == 0:
            break
    if simulator_allowed():
        from apps.communications.providers.simulator import post_due_reports

        post_due_reports()


@shared_task(name="communications.reconcile", queue="outbound")
def reconcile() -> None:
    """Settle what is not certain."""
    for _batch in range(BATCHES_PER_TASK):
        if services.reconcile_ambiguous() == 0:
            return
