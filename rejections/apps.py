from django.apps import AppConfig


class RejectionsConfig(AppConfig):
    name = "rejections"

    def ready(self) -> None:
        from rejections.services import prune_rejections
        from traitly.nightly import STEPS

        STEPS["rejected items older than REJECTIONS_KEPT_DAYS"] = prune_rejections
