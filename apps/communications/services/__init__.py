"""The ledger's services: plan, cancel, resend, send what is due, take in what providers report."""

from apps.communications.registry import Context
from apps.communications.services.callbacks import apply_status
from apps.communications.services.composing import compose_communication
from apps.communications.services.contacts import note_inbound, opt_in, opt_out
from apps.communications.services.dispatch import dispatch_due
from apps.communications.services.outcomes import (
    block_withdrawn,
    cancel_communication,
    cancel_for_context,
    plan_what_a_no_blocked,
)
from apps.communications.services.planning import (
    plan_communication,
    pull_forward,
    record_skipped_communication,
    resend_communication,
    root_of,
)
from apps.communications.services.reconcile import reconcile_ambiguous

__all__ = [
    "Context",
    "apply_status",
    "block_withdrawn",
    "cancel_communication",
    "cancel_for_context",
    "compose_communication",
    "dispatch_due",
    "note_inbound",
    "opt_in",
    "opt_out",
    "plan_communication",
    "plan_what_a_no_blocked",
    "pull_forward",
    "reconcile_ambiguous",
    "record_skipped_communication",
    "resend_communication",
    "root_of",
]
