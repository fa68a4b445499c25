"""Every write on journeys: definitions and their stages, and the runs of patients through them."""

from apps.journeys.services.definitions import (
    StageInput,
    add_stage,
    create_definition,
    remove_stage,
    reorder_stages,
    replace_stages,
    update_definition,
    update_stage,
)
from apps.journeys.services.instances import (
    advance_due,
    advance_instance,
    cancel_instance,
    pause_instance,
    resume_instance,
    skip_stage,
    start_journey,
)

__all__ = [
    "StageInput",
    "add_stage",
    "advance_due",
    "advance_instance",
    "cancel_instance",
    "create_definition",
    "pause_instance",
    "remove_stage",
    "reorder_stages",
    "replace_stages",
    "resume_instance",
    "skip_stage",
    "start_journey",
    "update_definition",
    "update_stage",
]
