from django.apps import AppConfig


class TraitlyConfig(AppConfig):
    name = "traitly"

    def ready(self) -> None:
        from django.conf import settings

        from traitly import checks  # registers the system checks

        if settings.SENTRY_DSN:
            from traitly.observability.reporting import report_to_sentry

            report_to_sentry(settings.SENTRY_DSN)
