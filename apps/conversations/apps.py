from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    name = "apps.conversations"

    def ready(self) -> None:
        from apps.conversations import handlers, presentations  # noqa: F401 - registered by import
        from apps.conversations.attachments import register_attachments
        from apps.conversations.exporting import register_sections
        from apps.conversations.merging import register_merging
        from apps.conversations.navigation import threads_of, waiting_badge
        from apps.core.navigation import Entry, register
        from apps.organizations.permissions import Permission
        from apps.patients import panels

        register_merging()
        register_sections()
        register_attachments()
        register(
            Entry(
                "inbox", _("Inbox"), "messages", "conversations:inbox", Permission.CONVERSATIONS_VIEW, 30, waiting_badge
            )
        )
        panels.register(
            slot="tab",
            key="conversation",
            label=_("Conversation"),
            url_name="conversations:for-patient",
            order=30,
            permission=Permission.CONVERSATIONS_VIEW,
            live=("conversations:4",),
            rows=threads_of,
        )
