from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"

    def ready(self) -> None:
        from customers.services import WITNESSES  # noqa: PLC0415  models are loaded by now
        from feed.services import record_erasure  # noqa: PLC0415  the same

        WITNESSES["feed"] = record_erasure
