from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from customers.erasure import ERASERS
        from events.services import erase_events, prune_all_events
        from traitly.nightly import STEPS

        ERASERS["events"] = erase_events
        STEPS["events older than their account keeps them"] = prune_all_events
