from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"

    def ready(self) -> None:
        from customers.erasure import ERASURE_LISTENERS
        from feed import services
        from feed.queries import metrics, worker_state
        from traitly.http.health import OTHERS
        from traitly.nightly import STEPS
        from traitly.observability.state import SOURCES

        ERASURE_LISTENERS["feed"] = services.record_erasure
        STEPS["erasures that were kept for the feed"] = services.prune_erasures
        SOURCES.append(metrics)
        OTHERS["worker"] = worker_state
