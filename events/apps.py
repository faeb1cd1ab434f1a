from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from customers.services import ERASERS  # noqa: PLC0415  models are loaded by now
        from events.services import erase_events, prune_all_events  # noqa: PLC0415  the same
        from traitly.nightly import STEPS  # noqa: PLC0415

        ERASERS["events"] = erase_events
        STEPS["events older than their account keeps them"] = prune_all_events
