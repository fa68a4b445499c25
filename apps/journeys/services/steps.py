"""One run in the hands of one transaction: its stages, and the steps between them.

Callers hold the lock on the run's row and have checked that the step is allowed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import ApplicationError, Conflict
from apps.core.wake import wake
from apps.events.services import emit
from apps.journeys import registry
from apps.journeys.models import Instance, InstanceStatus, Stage, StageState, StageStatus

DELAY = "delay"


@dataclass(slots=True)
class Run:
    """A locked run with its stages in order and its marks per stage. `now` is the time of the step (UTC)."""

    instance: Instance
    stages: list[Stage]
    marks: dict[uuid.UUID, StageStatus]
    now: dt.datetime

    @classmethod
    def lock(cls, pk: uuid.UUID) -> Run:
        """Lock the run's row and load it; three queries, and one more for the patient when somebody asks.

        Only what never changes is joined: a row that was waited for is joined again with what the others looked like
        before the wait (PostgreSQL manual, 13.2.1), so its new stage or patient would be missing.
        """
        instance: Instance = (
            Instance.objects.select_for_update(of=("self",))
            .select_related("definition", "version", "organization")
            .get(pk=pk)
        )
        return cls.load(instance, timezone.now())

    @classmethod
    def load(cls, instance: Instance, now: dt.datetime) -> Run:
        """Load stages and marks of a row that is locked or not yet visible to others; two queries."""
        stages = list(Stage.objects.filter(version_id=instance.version_id))
        marks = {mark.stage_id: mark for mark in StageStatus.objects.filter(instance=instance)}
        instance.current_stage = next((stage for stage in stages if stage.pk == instance.current_stage_id), None)
        return cls(instance, stages, marks, now)

    @property
    def current(self) -> Stage:
        """Return the stage an open run stands in; raise Conflict for one that stands in none."""
        stage = self.instance.current_stage
        if stage is None:
            raise Conflict(_("This run stands in no stage. Cancel it and start the journey again."), code="no_stage")
        return stage

    @property
    def next_stage(self) -> Stage | None:
        return next((stage for stage in self.stages if stage.position > self.current.position), None)

    def mark(self, stage: Stage, **values: Any) -> StageStatus:
        """Change and save the mark of one stage."""
        mark = self.marks[stage.pk]
        for name, value in values.items():
            setattr(mark, name, value)
        mark.save()
        return mark

    def enter(self, stage: Stage, *, run_actions: bool = True) -> None:
        """Stand in a stage from now on; its actions are run by `act`, after the event."""
        minutes = stage.overdue_after_minutes
        self.instance.current_stage = stage
        self.instance.stage_entered_at = self.now
        self.instance.overdue_at = self.now + timedelta(minutes=minutes) if minutes is not None else None
        self.instance.advance_due_at = None
        done = 0 if run_actions else len(stage.actions)
        self.mark(stage, state=StageState.ACTIVE, entered_at=self.now, left_at=None, by="", note="", next_action=done)

    def end(self, status: InstanceStatus, reason: str = "") -> None:
        """Stand nowhere any more."""
        self.instance.status = status
        self.instance.ended_at = self.now
        self.instance.end_reason = reason[:200]
        self.instance.advance_due_at = self.instance.overdue_at = self.instance.paused_at = None
        if status == InstanceStatus.COMPLETED:
            self.instance.current_stage = None
            self.instance.stage_entered_at = None

    def save(self) -> None:
        """Save the run as its next version."""
        self.instance.lock_version += 1
        self.instance.save()

    def announcement(
        self, actor: Actor, facts: Mapping[str, Any] | None = None, *, to: Stage | None = None
    ) -> dict[str, Any]:
        """Return what every event of a run carries: ids, and the names that a timeline shows."""
        instance = self.instance
        stage = to or instance.current_stage
        ids = {"conversation_id": instance.conversation_id, "appointment_id": instance.appointment_id}
        payload = {
            "instance_id": str(instance.pk),
            "journey": instance.definition.key,
            "journey_name": instance.definition.name,
            **({"stage": stage.key, "stage_name": stage.name} if stage else {}),
            **{name: str(value) for name, value in ids.items() if value},
            **{name: value for name, value in (facts or {}).items() if value},
        }
        return {"subject": instance, "actor": actor, "patient_id": instance.patient_id, "payload": payload}


def leave(
    run: Run,
    target: Stage | None,
    *,
    by: str,
    actor: Actor,
    state: StageState = StageState.COMPLETED,
    note: str = "",
    because: str = "",
) -> None:
    """Leave the present stage for a later one, or for the end; stages between are skipped because of `because`."""
    left = run.current
    run.mark(left, state=state, left_at=run.now, by=by[:120], note=(note or run.marks[left.pk].note)[:200])
    last = target.position if target else len(run.stages) + 1
    passed = [stage for stage in run.stages if left.position < stage.position < last]
    for stage in passed:
        run.mark(
            stage,
            state=StageState.SKIPPED,
            left_at=run.now,
            by=by[:120],
            note=(because or _("Passed over by hand"))[:200],
        )
    facts = {
        "from": left.key,
        "from_name": left.name,
        "skipped": [stage.key for stage in ([left] if state == StageState.SKIPPED else []) + passed],
        "by": by,
        "reason": note or (because if passed else ""),
    }
    if target is None:
        run.end(InstanceStatus.COMPLETED)
        run.save()
        emit("journey.completed", **run.announcement(actor, facts))
        return
    run.enter(target)
    run.save()
    emit("journey.advanced", **run.announcement(actor, facts, to=target))
    act(run, actor=actor)


def return_to(run: Run, stage: Stage, *, reason: str, actor: Actor) -> None:
    """Go back to an earlier stage: what lies after it is to come again. Its entry actions are not repeated."""
    left = run.current
    for later in (s for s in run.stages if s.position > stage.position):
        run.mark(later, state=StageState.PENDING, entered_at=None, left_at=None, by="", note="", next_action=0)
    run.enter(stage, run_actions=False)
    run.marks[stage.pk].note = reason[:200]
    run.marks[stage.pk].save(update_fields=["note", "updated_at"])
    _plan_next(run)
    run.save()
    facts = {"from": left.key, "from_name": left.name, "reason": reason}
    emit("journey.returned", **run.announcement(actor, facts, to=stage))


def act(run: Run, *, actor: Actor) -> None:
    """Run the entry actions that are still to run, up to the first wait, then plan the next due time.

    An action's refusal is noted at the stage and does not stop the run.
    """
    stage = run.current
    mark = run.marks[stage.pk]
    notes = [mark.note] if mark.note else []
    wait = 0
    while mark.next_action < len(stage.actions) and not wait:
        outcome = _run_action(run, stage, mark.next_action, actor)
        notes += [outcome.note] if outcome.note else []
        wait = outcome.wait_minutes
        mark.next_action += 1
    mark.note = "; ".join(dict.fromkeys(notes))[:200]
    mark.save(update_fields=["note", "next_action", "updated_at"])
    _plan_next(run, wait)
    Instance.objects.filter(pk=run.instance.pk).update(advance_due_at=run.instance.advance_due_at)
    if run.instance.advance_due_at is not None and run.instance.advance_due_at <= run.now:
        wake("journeys.advance_due", queue="events")


def continue_after_delay(run: Run, *, actor: Actor) -> None:
    """Do what a delay made due: the actions after a wait, or the step to the next stage."""
    stage = run.current
    if run.marks[stage.pk].next_action < len(stage.actions):
        run.instance.advance_due_at = None
        act(run, actor=actor)
        return
    leave(run, run.next_stage, by=DELAY, actor=actor)


def _plan_next(run: Run, wait: int = 0) -> None:
    """Set when the run is due next: after a wait in its actions, or when the stage's own delay is over."""
    stage, mark = run.current, run.marks[run.current.pk]
    entered = run.instance.stage_entered_at or run.now
    ends_by_waiting = wait and not stage.advance_on and stage.advance_after_minutes is None
    if wait and (mark.next_action < len(stage.actions) or ends_by_waiting):
        run.instance.advance_due_at = run.now + timedelta(minutes=wait)
    elif stage.advance_after_minutes is not None:
        run.instance.advance_due_at = max(
            entered + timedelta(minutes=stage.advance_after_minutes), run.now + timedelta(minutes=wait)
        )
    else:
        run.instance.advance_due_at = None


def _run_action(run: Run, stage: Stage, position: int, actor: Actor) -> registry.Outcome:
    settings = stage.actions[position]
    action = registry.action_named(settings.get("action", ""))
    if action is None:
        return registry.Outcome(note=_("The action “%(key)s” is not available.") % {"key": settings.get("action", "")})
    key = f"journey:{run.instance.pk}:{stage.key}:{run.instance.lock_version}:{position}"
    entry = registry.StageEntry(run.instance, stage, settings, position, key, actor)
    try:
        with transaction.atomic():
            return action.run(entry)
    except ApplicationError as refusal:
        emit("journey.action_refused", **run.announcement(actor, {"action": action.key, "code": refusal.code}))
        return registry.Outcome(note=refusal.message)
