"""Who signs in, and who a session belongs to."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from apps.organizations.models import User
from apps.organizations.selectors import person_with_memberships


class PortalBackend(AuthenticationBackend):
    """allauth's sign-in; a session's person comes with their memberships, which every request asks for next."""

    def get_user(self, user_id: object) -> User | None:
        """Return the person unless they may not sign in any more; one query."""
        user = person_with_memberships(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
