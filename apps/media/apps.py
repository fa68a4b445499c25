from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    name = "apps.media"

    def ready(self) -> None:
        from apps.media import integrations, presentations  # noqa: F401 - they register themselves
        from apps.media.exporting import register_sections
        from apps.media.merging import register_merging
        from apps.media.views.panels import files_of
        from apps.organizations.permissions import Permission
        from apps.patients import panels

        register_sections()
        register_merging()
        panels.register(
            slot="tab",
            key="files",
            label=_("Files"),
            url_name="media:for-patient",
            order=70,
            permission=Permission.MEDIA_VIEW,
            live=("files",),
            rows=files_of,
        )
        panels.register(
            slot="photo",
            key="photo",
            label=_("Photo"),
            url_name="media:photo",
            order=10,
            permission=Permission.MEDIA_VIEW,
            live=("files", "consents"),
        )
