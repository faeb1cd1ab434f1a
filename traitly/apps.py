from django.apps import AppConfig


class TraitlyConfig(AppConfig):
    name = "traitly"

    def ready(self) -> None:
        from traitly import checks  # noqa: F401, PLC0415  registers the system checks
