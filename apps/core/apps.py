from importlib import import_module

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import module_has_submodule


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        from apps.core import checks  # noqa: F401 - registers the system checks

        for config in apps.get_app_configs():
            for part in ("metrics", "integrations"):
                if config.name.startswith("apps.") and module_has_submodule(config.module, part):
                    import_module(f"{config.name}.{part}")


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the portal's own site."""

    default = False
    default_site = "apps.core.admin.PortalAdminSite"
