"""Which step an appointment may take from which status, and in plain words why not."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.appointments.models import Appointment, Status
from apps.core.errors import InvalidTransition


class Step(StrEnum):
    """What can be done with an appointment."""

    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"
    NO_SHOW = "no-show"
    CANCEL = "cancel"


class Rule(NamedTuple):
    """From where a step is possible, and where it leads; None keeps the status."""

    sources: frozenset[Status]
    target: Status | None


RULES: dict[Step, Rule] = {
    Step.CONFIRM: Rule(frozenset({Status.BOOKED}), None),
    Step.RESCHEDULE: Rule(frozenset({Status.BOOKED}), None),
    Step.ARRIVE: Rule(frozenset({Status.BOOKED}), Status.ARRIVED),
    Step.START: Rule(frozenset({Status.BOOKED, Status.ARRIVED}), Status.IN_PROGRESS),
    Step.COMPLETE: Rule(frozenset({Status.ARRIVED, Status.IN_PROGRESS}), Status.FULFILLED),
    Step.NO_SHOW: Rule(frozenset({Status.BOOKED}), Status.NO_SHOW),
    Step.CANCEL: Rule(frozenset({Status.BOOKED, Status.ARRIVED}), Status.CANCELLED),
}

WHY_NOT: dict[str, Promise] = {
    Status.HELD: gettext_lazy("The time is only held, not booked. Book it first."),
    Status.BOOKED: gettext_lazy("The patient has not arrived yet. Check them in first."),
    Status.ARRIVED: gettext_lazy("The patient has checked in already. Undo that first, if it was a mistake."),
    Status.IN_PROGRESS: gettext_lazy("The patient is with the practitioner. Complete the visit, or undo its start."),
    Status.FULFILLED: gettext_lazy("The visit is done. Undo that, if it was a mistake, or book another one."),
    Status.CANCELLED: gettext_lazy(
        "The appointment is cancelled. Undo that, if it was a mistake, or book another one."
    ),
    Status.NO_SHOW: gettext_lazy("It is marked as a no-show. Undo that, if it was a mistake, or book another one."),
}


def possible_steps(appointment: Appointment) -> list[Step]:
    """Return what can be done next; no query."""
    return [step for step, rule in RULES.items() if appointment.status in rule.sources]


def require_step(appointment: Appointment, step: Step) -> Rule:
    """Return the step's rule; raise InvalidTransition that says why it is not possible now and what is."""
    rule = RULES[step]
    if appointment.status not in rule.sources:
        raise not_possible(appointment, str(WHY_NOT[appointment.status]))
    return rule


def not_possible(appointment: Appointment, why: str) -> InvalidTransition:
    """Return the refusal, with the present status and the possible steps for programs."""
    return InvalidTransition(
        why or _("That is not possible now."),
        extra={"current_status": appointment.status, "possible": [step.value for step in possible_steps(appointment)]},
    )
