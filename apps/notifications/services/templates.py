"""Writes on templates and rules: a text that could not be sent is refused when it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.errors import InvalidInput, StaleVersion
from apps.events.services import emit
from apps.notifications.models import Rule, Template
from apps.notifications.registry import announced_types
from apps.notifications.rendering import validate_texts
from apps.organizations.models import Organization
from apps.organizations.permissions import Permission

TEMPLATE_FIELDS = ("key", "channel", "language", "subject", "body", "content_sid", "is_active")
RULE_FIELDS = (
    "name",
    "event_type",
    "template_key",
    "category",
    "offset_minutes",
    "channels",
    "also_channels",
    "is_active",
)


@transaction.atomic
def create_template(*, organization: Organization, actor: Actor, **values: Any) -> Template:
    """Save a new text; raise InvalidInput with the fields that are wrong."""
    actor.require(Permission.TEMPLATES_MANAGE)
    template = Template(organization=organization, **values)
    _check_template(template)
    template.save(force_insert=True)
    emit("template.created", subject=template, actor=actor, payload={"key": template.key, "channel": template.channel})
    return template


@transaction.atomic
def update_template(
    *, template: Template, changes: Mapping[str, Any], version: int | None = None, actor: Actor
) -> Template:
    """Save the changed fields; raise StaleVersion when somebody saved since `version`. Locks the row."""
    actor.require(Permission.TEMPLATES_MANAGE)
    locked: Template = Template.objects.select_for_update().get(pk=template.pk)
    if _apply(locked, changes, version, TEMPLATE_FIELDS):
        _check_template(locked)
        locked.save()
        emit("template.updated", subject=locked, actor=actor, payload={"key": locked.key, "fields": sorted(changes)})
    return locked


@transaction.atomic
def delete_template(*, template: Template, actor: Actor) -> None:
    """Remove a text that no rule uses on its channel; raise InvalidInput when one does."""
    actor.require(Permission.TEMPLATES_MANAGE)
    rules = Rule.objects.for_organization(template.organization).filter(template_key=template.key, is_active=True)
    others = Template.objects.for_organization(template.organization).filter(key=template.key, is_active=True)
    if rules.exists() and not others.exclude(pk=template.pk).exists():
        raise InvalidInput(_("A rule sends this template. Change the rule first, or switch the template off."))
    emit("template.deleted", subject=template, actor=actor, payload={"key": template.key, "channel": template.channel})
    template.delete()


@transaction.atomic
def create_rule(*, organization: Organization, actor: Actor, **values: Any) -> Rule:
    """Save a new rule; raise InvalidInput for an event nobody announces, or a template that does not exist."""
    actor.require(Permission.TEMPLATES_MANAGE)
    rule = Rule(organization=organization, **values)
    _check_rule(rule)
    rule.save(force_insert=True)
    emit("notification_rule.created", subject=rule, actor=actor)
    return rule


@transaction.atomic
def update_rule(*, rule: Rule, changes: Mapping[str, Any], version: int | None = None, actor: Actor) -> Rule:
    """Save the changed fields; raise StaleVersion when somebody saved since `version`. Locks the row.

    Messages that are planned already stay as they are.
    """
    actor.require(Permission.TEMPLATES_MANAGE)
    locked: Rule = Rule.objects.select_for_update().get(pk=rule.pk)
    if _apply(locked, changes, version, RULE_FIELDS):
        _check_rule(locked)
        locked.save()
        emit("notification_rule.updated", subject=locked, actor=actor, payload={"fields": sorted(changes)})
    return locked


@transaction.atomic
def delete_rule(*, rule: Rule, actor: Actor) -> None:
    """Remove a rule; what it planned already stays planned."""
    actor.require(Permission.TEMPLATES_MANAGE)
    emit("notification_rule.deleted", subject=rule, actor=actor)
    rule.delete()


def _apply(locked: Template | Rule, changes: Mapping[str, Any], version: int | None, fields: tuple[str, ...]) -> bool:
    """Set the changed fields and count the version; return False when nothing differs."""
    unknown = sorted(set(changes) - set(fields))
    if unknown:
        raise InvalidInput(
            _("There is no such field."), errors={name: [_("There is no such field.")] for name in unknown}
        )
    differing = {
        name: (getattr(locked, name), value) for name, value in changes.items() if getattr(locked, name) != value
    }
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody else saved this meanwhile. Compare the fields, then save again."),
            current=locked.version,
            conflicts=[{"field": name, "current": now, "yours": yours} for name, (now, yours) in differing.items()],
        )
    for name, (_now, value) in differing.items():
        setattr(locked, name, value)
    if differing:
        locked.version += 1
        locked.updated_at = timezone.now()
    return bool(differing)


def _check_template(template: Template) -> None:
    _full_clean(template)
    validate_texts(
        channel=template.channel, subject=template.subject, body=template.body, content_sid=template.content_sid
    )


def _check_rule(rule: Rule) -> None:
    errors: dict[str, list[str]] = {}
    if rule.event_type not in announced_types():
        known = ", ".join(sorted(announced_types()))
        errors["event_type"] = [
            _("Nothing announces %(type)s. Known are: %(known)s.") % {"type": rule.event_type, "known": known}
        ]
    if not rule.channels:
        errors["channels"] = [_("Choose at least one channel.")]
    templates = Template.objects.filter(organization_id=rule.organization_id, key=rule.template_key, is_active=True)
    if not templates.exists():
        errors["template_key"] = [_("There is no active template “%(key)s”.") % {"key": rule.template_key}]
    _full_clean(rule, errors)


def _full_clean(row: models.Model, errors: dict[str, list[str]] | None = None) -> None:
    found = dict(errors or {})
    try:
        row.full_clean()
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            found.setdefault("name" if name == "__all__" and hasattr(row, "name") else name, []).extend(sentences)
    if found:
        raise InvalidInput(next(iter(found.values()))[0], errors=found)
