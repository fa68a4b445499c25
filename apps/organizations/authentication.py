"""DRF's view of the caller that the middleware found, and the default-deny permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # DRF imports this module from its settings, while rest_framework.views is being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ActorAuthentication(SessionAuthentication):
    """Accept the API key or session that OrganizationMiddleware resolved; sessions must also pass the CSRF check."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return None
        if not getattr(request._request, "uses_key", False):
            self.enforce_csrf(request)
        return request._request.membership.user, actor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ActorHasPermission(BasePermission):
    """Allow an action only if the view names a permission for it and the actor holds that permission.

    A view says `permissions = {"list": Permission.X, …}` by action, or by lower-case method for plain views.
    """

    message = "Your role or key does not allow this. Ask an administrator for the permission."

    def has_permission(self, request: Request, view: APIView) -> bool:
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return False
        if request.method == "OPTIONS" or getattr(view, request.method.lower(), None) is None:
            return True  # the view answers 405, which tells more than 403
        needed = getattr(view, "permissions", {}).get(getattr(view, "action", None) or request.method.lower())
        return needed is not None and actor.may(needed)


class ActorIsKnown(BasePermission):
    """Allow every member or key of an organization; for the API's own description."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(request._request, "actor", None) is not None
