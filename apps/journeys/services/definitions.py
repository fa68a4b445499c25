"""Definitions and their stages. An edition that a run stands on never changes: editing it makes the next one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import Conflict, InvalidInput, NotFound, StaleVersion
from apps.events.services import emit
from apps.journeys import registry
from apps.journeys.models import Definition, DefinitionVersion, Instance, Stage
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission
from apps.patients.folding import fold

MOST_STAGES = 40
MOST_ACTIONS = 10
MOST_MINUTES = 5 * 366 * 24 * 60
DEFINITION_FIELDS = frozenset({"name", "description", "starts_on", "starts_when", "is_active"})


@dataclass(frozen=True, slots=True)
class StageInput:
    """A stage as a manager writes it; an empty key is made from the name. Delays are in minutes."""

    name: str
    key: str = ""
    advance_on: str = ""
    advance_when: Mapping[str, Any] = field(default_factory=dict)
    advance_after_minutes: int | None = None
    overdue_after_minutes: int | None = None
    return_on: Sequence[str] = ()
    cancel_on: Sequence[str] = ()
    actions: Sequence[Mapping[str, Any]] = ()


STAGE_FIELDS = frozenset(f.name for f in fields(StageInput))


@transaction.atomic
def create_definition(
    *,
    organization: Organization,
    name: str,
    key: str = "",
    description: str = "",
    starts_on: str = "",
    starts_when: Mapping[str, Any] | None = None,
    stages: Sequence[StageInput] = (),
    is_active: bool = True,
    actor: Actor,
) -> Definition:
    """Create a journey with its first edition; without stages it can't start until one is added."""
    actor.require(Permission.JOURNEYS_MANAGE)
    values = _clean_definition(
        {
            "name": name,
            "description": description,
            "starts_on": starts_on,
            "starts_when": starts_when or {},
            "is_active": is_active,
        }
    )
    key = slugify(key) or slugify(fold(values["name"]))[:60] or "journey"
    if Definition.objects.for_organization(organization).filter(key=key).exists():
        message = _("A journey with the key “%(key)s” exists. Give this one another name or key.") % {"key": key}
        raise InvalidInput(message, errors={"key": [message]}, code="key_taken")
    definition: Definition = Definition.objects.create(organization=organization, key=key[:60], **values)
    version = _new_version(definition, 1)
    _write_stages(version, _clean_stages(organization, stages))
    emit("journey.defined", subject=definition, actor=actor, payload={"key": definition.key, "version": 1})
    return definition


@transaction.atomic
def update_definition(
    *, definition: Definition, changes: Mapping[str, Any], version: int | None = None, actor: Actor
) -> Definition:
    """Change name, description, start or whether it is active; `stages` in the changes replaces them all at once.

    Raises StaleVersion when somebody saved the definition or its stages since `version` (its `lock_version`).
    """
    actor.require(Permission.JOURNEYS_MANAGE)
    locked = _lock(definition)
    given = dict(changes)
    if version is not None and version != locked.lock_version:
        raise StaleVersion(
            _("Somebody else saved %(journey)s meanwhile. Load it again, then repeat your change.")
            % {"journey": locked.name},
            current=locked.lock_version,
            conflicts=[
                {"field": name, "current": getattr(locked, name), "yours": given[name]}
                for name in sorted(given.keys() & DEFINITION_FIELDS)
            ],
        )
    stages: Sequence[StageInput] | None = given.pop("stages", None)
    clean = _clean_definition(given)
    differing = {
        name: [getattr(locked, name), value] for name, value in clean.items() if getattr(locked, name) != value
    }
    if differing:
        for name, (_before, after) in differing.items():
            setattr(locked, name, after)
        locked.lock_version += 1
        locked.save()
        emit("journey.redefined", subject=locked, actor=actor, changes=differing, payload={"key": locked.key})
    if stages is not None:
        _edit(locked, list(stages), actor)
    return locked


@transaction.atomic
def replace_stages(*, definition: Definition, stages: Sequence[StageInput], actor: Actor) -> DefinitionVersion:
    """Save the whole ordered list of stages as the present edition."""
    actor.require(Permission.JOURNEYS_MANAGE)
    return _edit(_lock(definition), list(stages), actor)


@transaction.atomic
def add_stage(*, definition: Definition, stage: StageInput, position: int | None = None, actor: Actor) -> Stage:
    """Add a stage at a position (1 is first), or at the end."""
    actor.require(Permission.JOURNEYS_MANAGE)
    locked = _lock(definition)
    stages = _present(locked)
    place = len(stages) if position is None else position - 1
    if not 0 <= place <= len(stages):
        raise _wrong("position", _("Choose a position from 1 to %(last)d.") % {"last": len(stages) + 1})
    stages.insert(place, stage)
    return _stage_at(_edit(locked, stages, actor), place)


@transaction.atomic
def update_stage(*, definition: Definition, key: str, changes: Mapping[str, Any], actor: Actor) -> Stage:
    """Change some settings of the stage with this key, or move it to `position` (1 is first).

    The key itself stays, because runs and boards go by it.
    """
    actor.require(Permission.JOURNEYS_MANAGE)
    locked = _lock(definition)
    stages = _present(locked)
    place = _place_of(stages, key)
    given = dict(changes)
    position = given.pop("position", place + 1)
    unknown = given.keys() - (STAGE_FIELDS - {"key"})
    if unknown:
        raise InvalidInput(
            _("Some fields need another look."),
            errors={name: [_("There is no such field.")] for name in sorted(unknown)},
        )
    if not 1 <= position <= len(stages):
        raise _wrong("position", _("Choose a position from 1 to %(last)d.") % {"last": len(stages)})
    stage = replace(stages.pop(place), **given)
    stages.insert(position - 1, stage)
    return _stage_at(_edit(locked, stages, actor), position - 1)


@transaction.atomic
def remove_stage(*, definition: Definition, key: str, actor: Actor) -> DefinitionVersion:
    """Take a stage out of the present edition; runs on earlier editions keep it."""
    actor.require(Permission.JOURNEYS_MANAGE)
    locked = _lock(definition)
    stages = _present(locked)
    del stages[_place_of(stages, key)]
    return _edit(locked, stages, actor)


@transaction.atomic
def reorder_stages(*, definition: Definition, keys: Sequence[str], actor: Actor) -> DefinitionVersion:
    """Put the stages into this order; every key of the present edition must be named exactly once."""
    actor.require(Permission.JOURNEYS_MANAGE)
    locked = _lock(definition)
    stages = {stage.key: stage for stage in _present(locked)}
    if sorted(keys) != sorted(stages):
        raise _wrong("keys", _("Name every stage exactly once: %(keys)s.") % {"keys": ", ".join(stages)})
    return _edit(locked, [stages[key] for key in keys], actor)


def current_version(definition: Definition) -> DefinitionVersion:
    """Return the edition that new runs start on; one query. Raises Conflict for a journey that has none."""
    version: DefinitionVersion | None = definition.versions.order_by("-number").first()
    if version is None:
        raise Conflict(_("This journey has no stages. Make it anew, with its stages."), code="no_edition")
    return version


def _lock(definition: Definition) -> Definition:
    locked: Definition = (
        Definition.objects.select_for_update(of=("self",)).select_related("organization").get(pk=definition.pk)
    )
    return locked


def _present(definition: Definition) -> list[StageInput]:
    return [_as_input(stage) for stage in current_version(definition).stages.all()]


def _as_input(stage: Stage) -> StageInput:
    return StageInput(**{name: getattr(stage, name) for name in STAGE_FIELDS})


def _place_of(stages: Sequence[StageInput], key: str) -> int:
    place = next((n for n, stage in enumerate(stages) if stage.key == key), None)
    if place is None:
        raise NotFound(_("The present edition of this journey has no stage “%(key)s”.") % {"key": key})
    return place


def _stage_at(version: DefinitionVersion, place: int) -> Stage:
    stage: Stage = version.stages.get(position=place + 1)
    return stage


def _edit(definition: Definition, stages: list[StageInput], actor: Actor) -> DefinitionVersion:
    """Write the stages into the present edition if no run stands on it, else into a new one. Needs the lock."""
    clean = _clean_stages(definition.organization, stages)
    version = current_version(definition)
    if clean == _present(definition):
        return version
    if Instance.objects.filter(version=version).exists():
        number = definition.versions.aggregate(last=Max("number"))["last"] + 1
        version = _new_version(definition, number)
    else:
        version.stages.all().delete()
    _write_stages(version, clean)
    definition.lock_version += 1
    definition.save(update_fields=["lock_version", "updated_at"])
    emit(
        "journey.redefined", subject=definition, actor=actor, payload={"key": definition.key, "version": version.number}
    )
    return version


def _new_version(definition: Definition, number: int) -> DefinitionVersion:
    version: DefinitionVersion = DefinitionVersion.objects.create(
        organization_id=definition.organization_id, definition=definition, number=number, published_at=timezone.now()
    )
    return version


def _write_stages(version: DefinitionVersion, stages: Sequence[StageInput]) -> None:
    Stage.objects.bulk_create(
        Stage(organization_id=version.organization_id, version=version, position=position, **asdict(stage))
        for position, stage in enumerate(stages, start=1)
    )


def _clean_definition(given: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {name: [_("There is no such field.")] for name in given.keys() - DEFINITION_FIELDS}
    clean = {name: value for name, value in given.items() if name in DEFINITION_FIELDS}
    if "name" in clean:
        clean["name"] = " ".join(clean["name"].split())
        if not 1 <= len(clean["name"]) <= 80:
            errors["name"] = [_("Give the journey a name of at most 80 characters.")]
    if len(clean.get("description", "")) > 300:
        errors["description"] = [_("Use at most 300 characters.")]
    if clean.get("starts_on") and registry.event_type(clean["starts_on"]) is None:
        errors["starts_on"] = [_unknown_event(clean["starts_on"])]
    if errors:
        raise InvalidInput(_first(errors), errors=errors)
    return clean


def _clean_stages(organization: Organization, stages: Sequence[StageInput]) -> list[StageInput]:
    if len(stages) > MOST_STAGES:
        raise _wrong("stages", _("A journey has at most %(most)d stages.") % {"most": MOST_STAGES})
    errors: dict[str, list[str]] = {}
    taken: set[str] = set()
    clean = [_clean_stage(organization, stage, f"stages.{n}", taken, errors) for n, stage in enumerate(stages)]
    if errors:
        raise InvalidInput(_first(errors), errors=errors)
    return clean


def _clean_stage(
    organization: Organization, stage: StageInput, at: str, taken: set[str], errors: dict[str, list[str]]
) -> StageInput:
    name = " ".join(stage.name.split())
    if not 1 <= len(name) <= 60:
        errors[f"{at}.name"] = [_("Give the stage a name of at most 60 characters.")]
    key = slugify(stage.key)[:40] or slugify(fold(name))[:40] or f"stage-{len(taken) + 1}"
    if key in taken and stage.key:
        errors[f"{at}.key"] = [_("Two stages have the key “%(key)s”.") % {"key": key}]
    elif key in taken:
        key = f"{key[:36]}-{uuid.uuid4().hex[:3]}"
    taken.add(key)
    for label in ("advance_after_minutes", "overdue_after_minutes"):
        minutes = getattr(stage, label)
        if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
            errors[f"{at}.{label}"] = [_("Choose a time from 0 minutes to 5 years.")]
    for label, types in (
        ("advance_on", [stage.advance_on]),
        ("return_on", stage.return_on),
        ("cancel_on", stage.cancel_on),
    ):
        unknown = [type_ for type_ in types if type_ and registry.event_type(type_) is None]
        if unknown:
            errors[f"{at}.{label}"] = [_unknown_event(unknown[0])]
    actions: list[Mapping[str, Any]] = []
    for n, settings in enumerate(stage.actions[:MOST_ACTIONS]):
        try:
            actions.append(registry.clean_action(organization, settings))
        except InvalidInput as error:
            errors[f"{at}.actions.{n}"] = [error.message]
    if len(stage.actions) > MOST_ACTIONS:
        errors[f"{at}.actions"] = [_("A stage has at most %(most)d actions.") % {"most": MOST_ACTIONS}]
    return replace(
        stage,
        name=name,
        key=key,
        advance_when=dict(stage.advance_when),
        return_on=list(stage.return_on),
        cancel_on=list(stage.cancel_on),
        actions=actions,
    )


def _unknown_event(type_: str) -> str:
    known = ", ".join(known.type for known in registry.event_types())
    return _("“%(type)s” is not an event that journeys know. Known events: %(known)s.") % {
        "type": type_,
        "known": known,
    }


def _wrong(name: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors={name: [message]})


def _first(errors: Mapping[str, list[str]]) -> str:
    return next(iter(errors.values()))[0] if len(errors) == 1 else _("Some fields need another look.")
