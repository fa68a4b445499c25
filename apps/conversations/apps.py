from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "apps.conversations"

    def ready(self) -> None:
        from apps.conversations import handlers, presentations  # noqa: F401 - registered by import
