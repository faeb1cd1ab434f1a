from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from customers.services import ERASERS  # noqa: PLC0415  models are loaded by now
        from events.services import erase_events  # noqa: PLC0415  the same

        ERASERS["events"] = erase_events
