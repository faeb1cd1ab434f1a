"""``manage.py demo``: sends example data for the first account to the running server, as a client would."""

import datetime
import itertools
import os
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from transfer import demo

_BATCH = 1_000
# Examples of rejected items.
_REFUSED = [
    {"name": "Logged in"},
    {"customer_id": "demo-1", "name": "Logged in", "created_at": 1_700_000_000_000},
]


class Command(BaseCommand):
    """What `make demo` runs. Running it again stores no event twice."""

    help = "Fill the first account with made-up customers and 90 days of events, through the API of the running server."

    def handle(self, *args: Any, **options: Any) -> None:
        """Send them."""
        row = (
            ApiKey.objects.filter(revoked_at=None, name="Default")
            .order_by("id")
            .select_related("account")
            .first()
        )
        if row is None or not row.is_active:
            raise CommandError(
                "There is no first account with a working key. Create one with make run."
            )
        self._key = keys.decrypt(row.encrypted)
        self._url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        now = timezone.now().astimezone(datetime.UTC)
        known = demo.customers(now)
        for batch in _batches(known):
            self._post("customer", batch)
        sent = 0
        for batch in _batches(demo.events(now, known)):
            self._post("event", batch)
            sent += len(batch)
        self._post("event", _REFUSED)
        self.stdout.write(
            f"{row.account} has {len(known):,} more customers and {sent:,} more events. See {self._url}/"
        )

    def _post(self, kind: str, batch: list[Any]) -> None:
        request = urllib.request.Request(  # noqa: S310  our own server's
            f"{self._url}/api/v1/{kind}",
            orjson.dumps(batch),
            {"Authorization": f"Token {self._key}"},
        )
        try:
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310  the same
        except urllib.error.HTTPError as error:
            error.close()
            if batch is not _REFUSED:
                raise CommandError(f"The server at {self._url} responded {error.code}.") from error
        except OSError as error:
            raise CommandError(
                f"No server responds at {self._url}: start it with make run, then make demo in another terminal "
                "(PORT=8080 make demo for another port)."
            ) from error


def _batches(rows: Iterable[Any]) -> Iterable[list[Any]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch
