from django.apps import AppConfig


class RejectionsConfig(AppConfig):
    name = "rejections"

    def ready(self) -> None:
        from rejections.services import prune_rejections  # noqa: PLC0415  models are loaded by now
        from traitly.nightly import STEPS  # noqa: PLC0415

        STEPS["rejected items older than REJECTIONS_KEPT_DAYS"] = prune_rejections
