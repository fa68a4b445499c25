"""Page guards: a view names the permission it needs; a view without one is refused by a guard test."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.core.errors import NotAllowed
from apps.organizations.permissions import Permission

View = TypeVar("View", bound=Callable[..., HttpResponse])


def requires(permission: Permission) -> Callable[[View], View]:
    """Let a page's view run only for members who hold the permission; raise NotAllowed otherwise."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = getattr(request, "actor", None)
            if actor is None:
                raise NotAllowed(
                    _("You are not a member of any clinic here. Ask an administrator to invite you."),
                    code="no_organization",
                )
            actor.require(permission)
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate
