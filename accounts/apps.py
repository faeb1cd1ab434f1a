from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import nightly  # noqa: PLC0415  models are loaded by now
        from traitly.nightly import STEPS  # noqa: PLC0415

        STEPS["sessions that ended"] = nightly.erase_ended_sessions
        STEPS["rows of accounts that are gone"] = nightly.erase_leftovers
