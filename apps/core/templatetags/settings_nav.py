"""The list of settings pages: beside every one of them, and as a page of its own on a phone."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from apps.core.navigation import settings_pages

register = template.Library()


@register.inclusion_tag("settings/_nav.html", takes_context=True)
def settings_nav(context: Context) -> dict[str, Any]:
    """Render the pages that this person may open; no query."""
    request = context["request"]
    match = request.resolver_match
    current = getattr(match.func, "settings_key", "") if match else ""
    pages = [
        {"page": page, "url": reverse(page.url_name), "current": page.key == current}
        for page in settings_pages()
        if request.actor.may(page.permission)
    ]
    return {"pages": pages, "at_index": not current}
