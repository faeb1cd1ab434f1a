from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"

    def ready(self) -> None:
        from customers.services import WITNESSES  # noqa: PLC0415  models are loaded by now
        from feed import services  # noqa: PLC0415  the same
        from feed.queries import metrics, worker_state  # noqa: PLC0415
        from traitly.http.health import OTHERS  # noqa: PLC0415
        from traitly.nightly import STEPS  # noqa: PLC0415
        from traitly.observability.state import SOURCES  # noqa: PLC0415

        WITNESSES["feed"] = services.record_erasure
        STEPS["erasures that were kept for the feed"] = services.prune_erasures
        SOURCES.append(metrics)
        OTHERS["worker"] = worker_state
