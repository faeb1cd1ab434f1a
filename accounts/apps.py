from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import nightly
        from traitly.nightly import STEPS

        STEPS["sessions that ended"] = nightly.erase_ended_sessions
        STEPS["rows of accounts that are gone"] = nightly.erase_leftovers
