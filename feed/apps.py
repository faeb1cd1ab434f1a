from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"

    def ready(self) -> None:
        from customers.services import WITNESSES  # noqa: PLC0415  models are loaded by now
        from feed import services  # noqa: PLC0415  the same
        from feed.queries import metrics  # noqa: PLC0415
        from traitly.nightly import STEPS  # noqa: PLC0415
        from traitly.observability.state import SOURCES  # noqa: PLC0415

        WITNESSES["feed"] = services.record_erasure
        STEPS["erasures that were kept for the feed"] = services.prune_erasures
        SOURCES.append(metrics)
