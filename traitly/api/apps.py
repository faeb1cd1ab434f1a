from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "traitly.api"

    def ready(self) -> None:
        from traitly import checks  # noqa: F401, PLC0415  registers the system checks
