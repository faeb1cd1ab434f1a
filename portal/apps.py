from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        import portal.signals  # noqa: F401  registers its receivers, which need the models
