"""The runs of patients through journeys: every change of state, by hand and by delay.

Each change locks the run's row, checks that the step exists from the present state, and emits one event.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications import services as communications
from apps.core.actors import SYSTEM, Actor
from apps.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound, StaleVersion
from apps.core.tenancy import all_organizations, organization_scope
from apps.events.services import emit
from apps.journeys.messages import CONTEXT
from apps.journeys.models import Definition, Instance, InstanceStatus, Stage, StageState, StageStatus
from apps.journeys.services import steps
from apps.journeys.services.definitions import current_version
from apps.organizations.permissions import Permission
from apps.patients.models import Patient

log = structlog.get_logger(__name__)
RETRY_AFTER = dt.timedelta(minutes=5)


@transaction.atomic
def start_journey(
    *,
    definition: Definition,
    patient: Patient | None = None,
    conversation_id: uuid.UUID | None = None,
    appointment_id: uuid.UUID | None = None,
    label: str = "",
    started_at: dt.datetime | None = None,
    actor: Actor,
) -> Instance:
    """Start a run on the present edition and enter its first stage.

    Without a patient the run needs a conversation and shows `label`. Raises Conflict when the journey is inactive,
    has no stages, or runs already for this patient or conversation. `started_at` (UTC) is when its cause happened:
    an appointment that was booked since then is the run's, and takes it as far as it is.
    """
    from apps.journeys.services.following import catch_up

    actor.require(Permission.JOURNEYS_ADVANCE)
    if patient is None and conversation_id is None:
        raise InvalidInput(_("Choose the patient whose journey starts."), errors={"patient": [_("Choose a patient.")]})
    if patient is not None and patient.organization_id != definition.organization_id:
        raise NotFound(_("There is no such patient here."))
    fresh = _share(definition)
    if not fresh.is_active:
        raise Conflict(
            _("%(journey)s is not active. Activate it first.") % {"journey": fresh.name}, code="journey_inactive"
        )
    version = current_version(fresh)
    stages = list(version.stages.all())
    if not stages:
        raise Conflict(
            _("%(journey)s has no stages yet. Add one first.") % {"journey": fresh.name}, code="journey_without_stages"
        )
    running = open_run(fresh, patient_id=patient.pk if patient else None, conversation_id=conversation_id)
    if running is not None:
        raise _already_running(fresh, running)
    now = timezone.now()
    instance = Instance(
        organization_id=fresh.organization_id,
        definition=fresh,
        version=version,
        patient=patient,
        conversation_id=conversation_id,
        appointment_id=appointment_id,
        label=label[:120],
        started_at=started_at or now,
    )
    try:
        with transaction.atomic():
            instance.save(force_insert=True)
    except IntegrityError as error:
        raise _already_running(fresh, None) from error
    StageStatus.objects.bulk_create(
        StageStatus(organization_id=fresh.organization_id, instance=instance, stage=stage) for stage in stages
    )
    run = steps.Run.load(instance, now)
    run.enter(stages[0])
    instance.save()
    emit("journey.started", **run.announcement(actor, to=stages[0]))
    steps.act(run, actor=actor)
    if appointment_id is None:
        catch_up(run)
    return instance


@transaction.atomic
def advance_instance(
    *,
    instance: Instance,
    to_stage: Stage | str | None = None,
    from_stage: Stage | str | None = None,
    by: str = "",
    actor: Actor,
    version: int | None = None,
) -> Instance:
    """Complete the present stage and enter the next one, or a later one (what lies between is skipped).

    After the last stage the run is completed. `from_stage` is where the caller believes the run stands: if it went
    on meanwhile, InvalidTransition says where it is now.
    """
    run = _locked_run(instance, actor, version)
    _require_active(run.instance)
    if from_stage is not None and _find(run, from_stage) != run.current:
        raise InvalidTransition(
            _("%(who)s is no longer in “%(claimed)s” but in “%(now)s”. Look at the board again.")
            % {"who": _who(run.instance), "claimed": _find(run, from_stage), "now": run.current},
            extra={"stage": run.current.key},
        )
    target = run.next_stage if to_stage is None else _find(run, to_stage)
    if target is not None and target.position <= run.current.position:
        raise InvalidTransition(
            _("“%(stage)s” is not ahead of “%(now)s”. Choose a later stage.") % {"stage": target, "now": run.current},
            extra={"stage": run.current.key},
        )
    steps.leave(run, target, by=by or actor.label, actor=actor)
    return run.instance


@transaction.atomic
def skip_stage(
    *, instance: Instance, stage: Stage | str | None = None, reason: str = "", actor: Actor, version: int | None = None
) -> Instance:
    """Leave the present stage undone, with a reason, and enter the next one."""
    run = _locked_run(instance, actor, version)
    _require_active(run.instance)
    if stage is not None and _find(run, stage) != run.current:
        raise InvalidTransition(
            _("Only the present stage can be skipped; %(who)s is in “%(now)s”.")
            % {"who": _who(run.instance), "now": run.current},
            extra={"stage": run.current.key},
        )
    steps.leave(run, run.next_stage, by=actor.label, actor=actor, state=StageState.SKIPPED, note=reason)
    return run.instance


@transaction.atomic
def pause_instance(*, instance: Instance, reason: str = "", actor: Actor, version: int | None = None) -> Instance:
    """Hold the run: no delay runs, no action starts, events wait until it is resumed."""
    run = _locked_run(instance, actor, version)
    _require_active(run.instance)
    run.instance.status = InstanceStatus.PAUSED
    run.instance.paused_at = run.now
    run.save()
    emit("journey.paused", **run.announcement(actor, {"reason": reason}))
    return run.instance


@transaction.atomic
def resume_instance(*, instance: Instance, actor: Actor, version: int | None = None) -> Instance:
    """Let a paused run go on; what was due moves by the length of the pause, then it catches up with its appointment."""
    from apps.journeys.services.following import catch_up

    run = _locked_run(instance, actor, version)
    if run.instance.status != InstanceStatus.PAUSED:
        raise InvalidTransition(_("The journey of %(who)s is not paused.") % {"who": _who(run.instance)})
    pause = run.now - (run.instance.paused_at or run.now)
    for name in ("advance_due_at", "overdue_at"):
        at = getattr(run.instance, name)
        setattr(run.instance, name, at + pause if at else None)
    run.instance.status = InstanceStatus.ACTIVE
    run.instance.paused_at = None
    run.save()
    emit("journey.resumed", **run.announcement(actor))
    catch_up(run)
    return run.instance


@transaction.atomic
def cancel_instance(*, instance: Instance, reason: str = "", actor: Actor, version: int | None = None) -> Instance:
    """End the run before its last stage; messages that it planned and that are not sent yet are cancelled."""
    run = _locked_run(instance, actor, version)
    if not run.instance.is_open:
        raise InvalidTransition(_ended(run.instance))
    end_early(run, reason or _("Cancelled by hand"), actor=actor)
    return run.instance


def end_early(run: steps.Run, reason: str, *, actor: Actor) -> None:
    """Cancel a locked, open run and the messages it planned."""
    run.end(InstanceStatus.CANCELLED, reason)
    run.save()
    emit("journey.cancelled", **run.announcement(actor, {"reason": reason}))
    communications.cancel_for_context(
        organization=run.instance.organization,
        context_type=CONTEXT,
        context_id=run.instance.pk,
        reason=reason,
        actor=actor,
    )


def advance_due(*, limit: int = 200) -> int:
    """Do what delays have made due, in every organization; return how many runs moved. Safe on any number of workers.

    Each run in its own transaction, its row locked and the delay checked again.
    """
    with all_organizations():
        due = list(
            Instance.objects.due(timezone.now()).order_by("advance_due_at").values_list("pk", "organization_id")[:limit]
        )
    return sum(_try_to_advance(pk, organization_id) for pk, organization_id in due)


def _try_to_advance(pk: uuid.UUID, organization_id: uuid.UUID) -> bool:
    """Move one run; whatever fails in one is logged and tried again later, and never holds up the others."""
    try:
        with organization_scope(organization_id):
            return _advance_if_due(pk)
    except Exception:
        log.exception("journeys.advance_failed", instance=str(pk))
    with organization_scope(organization_id):
        Instance.objects.filter(pk=pk).update(advance_due_at=timezone.now() + RETRY_AFTER)
    return False


def _advance_if_due(pk: uuid.UUID) -> bool:
    instance = (
        Instance.objects.select_for_update(of=("self",), skip_locked=True)
        .due(timezone.now())
        .select_related("definition", "version", "organization")
        .filter(pk=pk)
        .first()
    )
    if instance is None:
        return False
    steps.continue_after_delay(steps.Run.load(instance, timezone.now()), actor=SYSTEM)
    return True


def open_run(
    definition: Definition, *, patient_id: uuid.UUID | None, conversation_id: uuid.UUID | None
) -> Instance | None:
    """Return the open run of a definition for this patient, else for this conversation."""
    runs = Instance.objects.filter(definition=definition).open()
    found: Instance | None = runs.filter(patient_id=patient_id).first() if patient_id else None
    if found is None and conversation_id:
        found = runs.filter(conversation_id=conversation_id).first()
    return found


def _locked_run(instance: Instance, actor: Actor, version: int | None) -> steps.Run:
    actor.require(Permission.JOURNEYS_ADVANCE)
    run = steps.Run.lock(instance.pk)
    if version is not None and version != run.instance.lock_version:
        raise StaleVersion(
            _("The journey of %(who)s changed meanwhile: it is in “%(stage)s” now. Look again, then decide.")
            % {"who": _who(run.instance), "stage": run.instance.current_stage or run.instance.get_status_display()},
            current=run.instance.lock_version,
            conflicts=[
                {"field": "stage", "current": run.current.key if run.instance.current_stage else None, "yours": None}
            ],
        )
    return run


def _require_active(instance: Instance) -> None:
    if instance.status == InstanceStatus.PAUSED:
        raise InvalidTransition(_("The journey of %(who)s is paused. Resume it first.") % {"who": _who(instance)})
    if instance.status != InstanceStatus.ACTIVE:
        raise InvalidTransition(_ended(instance))


def _ended(instance: Instance) -> str:
    if instance.status == InstanceStatus.COMPLETED:
        return _("The journey of %(who)s is completed already. Start a new one instead.") % {"who": _who(instance)}
    return _("The journey of %(who)s was cancelled. Start a new one instead.") % {"who": _who(instance)}


def _who(instance: Instance) -> str:
    return instance.subject_name or _("this patient")


def _find(run: steps.Run, stage: Stage | str) -> Stage:
    key = stage if isinstance(stage, str) else stage.key
    found = next((known for known in run.stages if key in {known.key, str(known.pk)}), None)
    if found is None:
        raise NotFound(_("This run has no stage “%(stage)s”.") % {"stage": stage})
    return found


def _share(definition: Definition) -> Definition:
    """Read the definition under a share lock: starts run side by side, an edit waits for them and they for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM journeys_definition WHERE id = %s FOR SHARE", [definition.pk])
    fresh: Definition = Definition.objects.select_related("organization").get(pk=definition.pk)
    return fresh


def _already_running(definition: Definition, running: Instance | None) -> Conflict:
    extra: Mapping[str, Any] = {"instance": str(running.pk)} if running else {}
    return Conflict(
        _("%(journey)s runs already here. Finish or cancel that run first.") % {"journey": definition.name},
        code="already_running",
        extra=extra,
    )
