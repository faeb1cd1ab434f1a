"""The admin's first page: what all accounts send, what is refused, and how the database fares."""

import datetime
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Account
from events.counting import uncounted_accounts
from events.stats import count_events
from feed.models import Webhook, Worker
from operators import queries
from traitly.db.citus import is_distributed

PERIODS = (30, 90)
_BUSIEST = 10
_COUNTING_SECONDS = 0.1  # what a page may spend on counting in what came since the last one
_LONGER_SECONDS = 2.0  # the same, if that was asked for
_CHUNK = 5_000  # events of one go of it
_MAX_ACCOUNTS = 1_000  # of which a page looks whether they have anything to count, the newest first
_MAX_TICKS = 10  # labels below a plot
_WORKER_GONE = datetime.timedelta(minutes=1)


class Chart(NamedTuple):
    """A plot, and the table that says the same in words."""

    title: str
    unit: str
    rows: list[tuple[str, int]]
    note: str = ""

    @property
    def data(self) -> str:
        """The plot as django-unfold hands it to Chart.js, as JSON."""
        labels, values = [label for label, _ in self.rows], [value for _, value in self.rows]
        dataset = {
            "label": self.unit,
            "data": values,
            "backgroundColor": "var(--plot)",
            "displayYAxis": True,
            "maxTicksXLimit": _MAX_TICKS,
            "barPercentage": 0.8,
            "maxBarThickness": 40,
            "borderRadius": 2,
        }
        return json.dumps({"labels": labels, "datasets": [dataset]})

    @property
    def total(self) -> int:
        """The sum of the values."""
        return sum(value for _, value in self.rows)


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What ``admin/index.html`` shows, beside what every page has."""
    days = next(
        (period for period in PERIODS if str(period) == request.GET.get("days")), PERIODS[0]
    )
    today = timezone.now().astimezone(datetime.UTC).date()
    period = [today - datetime.timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    behind = _count_in(_LONGER_SECONDS if "count" in request.GET else _COUNTING_SECONDS)
    size, tables = queries.database_size()
    return {
        **context,
        "days": days,
        "periods": PERIODS,
        "behind": behind,
        "events": _daily(
            "Events a day", "events", period, queries.events_by_day(since=period[0], until=today)
        ),
        "rejected": _rejected(today),
        "busiest": _busiest(period[0], today),
        "size": size,
        "tables": tables,
        "statements": _statements(),
        "accounts": Account.objects.filter(closed_at=None).count(),
        "webhooks": _webhooks(),
        "workers": Worker.objects.filter(seen_at__gt=timezone.now() - _WORKER_GONE).count(),
    }


def _count_in(seconds: float) -> int:
    """Count what came since the last time, for about so long; gives how many accounts still have more.

    Not on Citus, where it takes many statements to find out: there workers count, once an hour.
    """
    if is_distributed():
        return 0
    ends = time.monotonic() + seconds
    newest = (
        Account.objects.filter(closed_at=None)
        .order_by("-id")
        .values_list("id", flat=True)[:_MAX_ACCOUNTS]
    )
    uncounted = uncounted_accounts(account_ids=list(newest))
    behind = 0
    for account_id in uncounted:
        left = ends - time.monotonic()
        if left < 0 or not count_events(account_id=account_id, seconds=left, chunk=_CHUNK):
            behind += 1
    return behind


def _daily(
    title: str, unit: str, days: Sequence[datetime.date], values: Mapping[datetime.date, int]
) -> Chart:
    return Chart(title, unit, [(f"{day:%d %b}", values.get(day, 0)) for day in days])


def _rejected(today: datetime.date) -> Chart:
    found = queries.rejections_by_day()
    kept = settings.REJECTIONS_KEPT_DAYS
    days = [today - datetime.timedelta(days=ago) for ago in range(kept, -1, -1)]
    note = f"Estimated: one in {found.one_in} was counted." if found.one_in > 1 else ""
    return _daily("Rejected items a day", "rejected", days, found.days)._replace(note=note)


def _busiest(since: datetime.date, until: datetime.date) -> list[tuple[queries.Volume, int]]:
    """The accounts with most events, and their share of the first one's in percent."""
    found = queries.busiest_accounts(since=since, until=until, limit=_BUSIEST)
    return [(each, round(100 * each.events / found[0].events)) for each in found if found[0].events]


def _statements() -> dict[str, Any]:
    try:
        return {"rows": queries.slow_statements()}
    except queries.StatementsUnavailableError as error:
        return {"why": str(error)}


def _webhooks() -> dict[str, int]:
    return {
        "enabled": Webhook.objects.filter(enabled=True).count(),
        "failing": Webhook.objects.filter(enabled=True, failing_since__isnull=False).count(),
        "stopped": Webhook.objects.exclude(stopped="").count(),
    }
