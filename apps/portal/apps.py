from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "apps.portal"

    def ready(self) -> None:
        from apps.core.navigation import Entry, register
        from apps.organizations.permissions import Permission

        register(Entry("today", _("Today"), "home", "portal:today", Permission.TODAY_VIEW, 10))
