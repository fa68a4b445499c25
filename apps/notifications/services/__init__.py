"""Planning messages from events, keeping their texts and rules, telling staff."""

from apps.notifications.services.notices import mark_notices_read, notify_staff
from apps.notifications.services.planning import plan_from_rules, send_template
from apps.notifications.services.preview import Preview, preview_template
from apps.notifications.services.reach import Reach, reach_of, silence_of
from apps.notifications.services.templates import (
    create_rule,
    create_template,
    delete_rule,
    delete_template,
    update_rule,
    update_template,
)

__all__ = [
    "Preview",
    "Reach",
    "create_rule",
    "create_template",
    "delete_rule",
    "delete_template",
    "mark_notices_read",
    "notify_staff",
    "plan_from_rules",
    "preview_template",
    "reach_of",
    "send_template",
    "silence_of",
    "update_rule",
    "update_template",
]
