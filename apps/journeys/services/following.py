"""Moving runs by what happened elsewhere.

Facts outrank the order of stages. Events arrive late, twice or out of order, so each is checked against the present
state first (`EventType.holds`), and an event of a later stage takes the run there, passing over what lies between
with the reason. What a run missed (it was paused, its patient was not known yet) is caught up from the state of
its appointment.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment
from apps.appointments.models import Status as AppointmentStatus
from apps.conversations.models import Conversation, ConversationStatus
from apps.core.actors import SYSTEM
from apps.core.errors import Conflict
from apps.events.models import Event
from apps.events.services import emit
from apps.journeys import registry
from apps.journeys.models import Definition, Instance, InstanceStatus, Stage
from apps.journeys.registry import Signal
from apps.journeys.services import instances
from apps.journeys.services.steps import Run, leave, return_to
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.merging.living import living_id
from apps.patients.models import Patient

# A reopened thread starts what an opened one starts: its earlier run ended when it was closed.
STARTS_LIKE = {"conversation.reopened": "conversation.opened"}
LOST = frozenset({"appointment.cancelled", "appointment.no_show"})
HAPPENING = frozenset(
    {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.FULFILLED}
)
EVENT_OF_STATUS = {
    AppointmentStatus.BOOKED: "appointment.booked",
    AppointmentStatus.ARRIVED: "appointment.booked",
    AppointmentStatus.IN_PROGRESS: "appointment.booked",
    AppointmentStatus.FULFILLED: "appointment.fulfilled",
    AppointmentStatus.CANCELLED: "appointment.cancelled",
    AppointmentStatus.NO_SHOW: "appointment.no_show",
}


def follow_event(*, event: Event) -> None:
    """Move, link, start or end every run that this event concerns. Idempotent: what holds already changes nothing."""
    organization = Organization.objects.get(pk=event.organization_id)
    signal = signal_of(event)
    if signal.patient_id is not None:  # the record may have been merged since
        signal = replace(signal, patient_id=living_id(signal.patient_id))
    known = registry.event_type(signal.type)
    if known is None or (known.holds is not None and not known.holds(signal)):
        return
    if signal.type == "conversation.patient_identified":
        _attach_patients(signal)
    for pk in _concerned(organization, signal):
        run = Run.lock(pk)
        if run.instance.is_open:
            _apply(run, signal)
    _start(organization, signal)


# Which id of a signal a message's context is.
ABOUT = {"appointments.Appointment": "appointment_id", "journeys.Instance": "instance_id"}


def signal_of(event: Event) -> Signal:
    """Read the ids that decide which runs an event concerns out of its subject and payload."""
    payload: Mapping[str, Any] = event.payload
    about = str(payload.get("context_type") or "")
    ids = {
        "appointment_id": event.subject_id
        if event.subject_type == "appointments.Appointment"
        else _id(payload, "appointment_id"),
        "conversation_id": event.subject_id
        if event.subject_type == "conversations.Conversation"
        else _id(payload, "conversation_id"),
        "instance_id": None,
    }
    if about in ABOUT:
        ids[ABOUT[about]] = _id(payload, "context_id")
    if event.type.startswith("appointment."):
        # A hold is kept for a conversation (bot), a key or a person; only the first has a run.
        ids["conversation_id"] = ids["conversation_id"] or _id(payload, "held_for")
    return Signal(
        event.type, {**payload, "subject_id": str(event.subject_id)}, event.occurred_at, event.patient_id, **ids
    )


def catch_up(run: Run) -> None:
    """Bring a locked, active run to where its appointment is: the linked one, else one booked since it started."""
    appointment = _appointment_of(run.instance)
    if appointment is None or appointment.status not in EVENT_OF_STATUS:
        return
    type_ = EVENT_OF_STATUS[AppointmentStatus(appointment.status)]
    if type_ in LOST and run.instance.appointment_id != appointment.pk:
        return
    payload = {
        "appointment_type_id": str(appointment.appointment_type_id),
        "practitioner_id": str(appointment.practitioner_id),
    }
    _apply(run, Signal(type_, payload, run.now, appointment.patient_id, appointment.pk))


def _concerned(organization: Organization, signal: Signal) -> list[uuid.UUID]:
    """Return the ids of open runs that the signal may move, oldest first, so that locks are taken in one order."""
    runs = Instance.objects.for_organization(organization).open()
    if signal.instance_id is not None:
        runs = runs.filter(pk=signal.instance_id)
    elif signal.appointment_id is not None:
        runs = runs.filter(Q(appointment_id=signal.appointment_id) | _unlinked(signal))
    elif signal.conversation_id is not None:
        runs = runs.filter(conversation_id=signal.conversation_id)
    elif signal.patient_id is not None:
        runs = runs.filter(patient_id=signal.patient_id)
    else:
        return []
    return list(runs.order_by("pk").values_list("pk", flat=True))


def _unlinked(signal: Signal) -> Q:
    """Runs without an appointment that this one belongs to: same writer or patient, booked after the run started."""
    appointment = (
        Appointment.objects.filter(pk__in=[signal.appointment_id])
        .only("created_at", "patient_id", "held_for", "status")
        .first()
    )
    if appointment is None or appointment.status not in HAPPENING:
        return Q(pk__in=[])  # the note that a visit was called off must not tie the run to it again
    who = Q(conversation_id__in=[i for i in (signal.conversation_id, appointment.held_for) if i])
    if appointment.patient_id:
        who |= Q(patient_id=appointment.patient_id)
    return who & Q(appointment_id__isnull=True, started_at__lte=appointment.created_at)


def _apply(run: Run, signal: Signal) -> None:
    """Let one signal act on one open, locked run: link, end, go back, or go on."""
    instance = run.instance
    _link(run, signal)
    if instance.status == InstanceStatus.PAUSED:
        return
    current = run.current
    if signal.type in current.cancel_on:
        instances.end_early(run, reason_of(signal.type), actor=SYSTEM)
        return
    back = next((s for s in reversed(run.stages) if s.position < current.position and signal.type in s.return_on), None)
    if signal.type in LOST and instance.appointment_id == signal.appointment_id:
        instance.appointment_id = None
        Instance.objects.filter(pk=instance.pk).update(appointment_id=None)
    if back is not None:
        return_to(run, back, reason=reason_of(signal.type), actor=SYSTEM)
        if signal.type in LOST:
            catch_up(run)  # another appointment may have taken its place already
        return
    if signal.type == "appointment.status_undone":
        catch_up(run)
        return
    done = next((s for s in run.stages if s.position >= current.position and _completes(s, signal)), None)
    if done is None:
        return
    target = next((s for s in run.stages if s.position > done.position), None)
    leave(
        run, target, by=signal.type, actor=SYSTEM, because=_("%(event)s came first") % {"event": reason_of(signal.type)}
    )


def _completes(stage: Stage, signal: Signal) -> bool:
    known = registry.event_type(signal.type)
    types = {signal.type, *(known.implies if known else ())}
    return stage.advance_on in types and carries(signal.payload, stage.advance_when)


def carries(payload: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a payload has every wanted value; a list means any of its values."""
    return all(
        str(payload.get(name, "")) in {str(choice) for choice in (value if isinstance(value, list) else [value])}
        for name, value in wanted.items()
    )


def reason_of(type_: str) -> str:
    """Return an event type in words, as a reason at a stage."""
    known = registry.event_type(type_)
    return str(known.label) if known else type_


def _link(run: Run, signal: Signal) -> None:
    """Note the appointment, and the patient it is for, at a run that did not know them."""
    instance = run.instance
    if signal.appointment_id is not None and instance.appointment_id is None and signal.type not in LOST:
        instance.appointment_id = signal.appointment_id
        Instance.objects.filter(pk=instance.pk).update(appointment_id=signal.appointment_id)
    if signal.patient_id is not None and instance.patient_id is None:
        _attach_patient(run, signal.patient_id)


def _attach_patients(signal: Signal) -> None:
    """A writer was identified: their runs are now the patient's."""
    if signal.patient_id is None or signal.conversation_id is None:
        return
    waiting = Instance.objects.open().filter(conversation_id=signal.conversation_id, patient__isnull=True)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        run = Run.lock(pk)
        if not run.instance.is_open or run.instance.patient_id is not None:
            continue
        if _attach_patient(run, signal.patient_id) and run.instance.status == InstanceStatus.ACTIVE:
            catch_up(run)


def _attach_patient(run: Run, patient_id: uuid.UUID) -> bool:
    """Make the run the patient's. When the patient has an open run already, that one goes on and this one ends."""
    instance = run.instance
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        return False
    other = instances.open_run(instance.definition, patient_id=patient_id, conversation_id=None)
    if other is not None and other.pk != instance.pk:
        instances.end_early(
            run, _("Goes on in the run that began %(when)s") % {"when": f"{other.started_at:%Y-%m-%d}"}, actor=SYSTEM
        )
        Instance.objects.filter(pk=other.pk).update(conversation_id=instance.conversation_id)
        return False
    instance.patient = patient
    instance.label = ""
    run.save()
    emit("journey.linked", **run.announcement(SYSTEM))
    return True


def _start(organization: Organization, signal: Signal) -> None:
    type_ = STARTS_LIKE.get(signal.type, signal.type)
    definitions = Definition.objects.for_organization(organization).filter(is_active=True, starts_on=type_)
    for definition in definitions.order_by("pk"):
        if carries(signal.payload, definition.starts_when):
            _start_one(organization, definition, signal)


def _start_one(organization: Organization, definition: Definition, signal: Signal) -> None:
    conversation = _conversation(signal)
    patient_id = signal.patient_id or (conversation.patient_id if conversation else None)
    patient = Patient.objects.for_organization(organization).filter(pk=patient_id).first() if patient_id else None
    if patient is None and conversation is None:
        return
    running = instances.open_run(definition, patient_id=patient_id, conversation_id=signal.conversation_id)
    if running is not None:
        _point_at(running, conversation)
        return
    if not definition.versions.order_by("-number").values_list("stages", flat=True)[:1].exists():
        return
    try:
        with transaction.atomic():
            instances.start_journey(
                definition=definition,
                patient=patient,
                conversation_id=conversation.pk if conversation else None,
                appointment_id=signal.appointment_id,
                label=_label(organization, conversation),
                started_at=signal.at,
                actor=SYSTEM,
            )
    except Conflict:
        return  # another event of the same patient or thread started it at the same moment


def _point_at(running: Instance, conversation: Conversation | None) -> None:
    """Let a patient's open run follow the thread that they write in now."""
    if conversation is None or running.conversation_id == conversation.pk:
        return
    if instances.open_run(running.definition, patient_id=None, conversation_id=conversation.pk) is None:
        Instance.objects.filter(pk=running.pk).update(conversation_id=conversation.pk)


def _conversation(signal: Signal) -> Conversation | None:
    if signal.conversation_id is None:
        return None
    found: Conversation | None = (
        Conversation.objects.filter(pk=signal.conversation_id).exclude(status=ConversationStatus.CLOSED).first()
    )
    return found


def _label(organization: Organization, conversation: Conversation | None) -> str:
    if conversation is None:
        return ""
    name = conversation.display_name
    return (
        name
        if name not in {"", conversation.address}
        else show_phone(conversation.address, country=organization.country)
    )


def _appointment_of(instance: Instance) -> Appointment | None:
    if instance.appointment_id is not None:
        linked: Appointment | None = Appointment.objects.filter(pk=instance.appointment_id).first()
        return linked
    who = Q(held_for=instance.conversation_id) if instance.conversation_id else Q(pk__in=[])
    if instance.patient_id:
        who |= Q(patient_id=instance.patient_id)
    since: Appointment | None = (
        Appointment.objects.filter(
            who, organization_id=instance.organization_id, created_at__gte=instance.started_at, patient__isnull=False
        )
        .real()
        .exclude(status__in=[AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
        .order_by("created_at")
        .first()
    )
    return since


def _id(payload: Mapping[str, Any], name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(payload.get(name) or ""))
    except ValueError:
        return None
