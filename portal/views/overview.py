"""The overview: what the account's customers did and pay."""

import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from customers import queries as customers
from events import stats
from portal.access import PortalRequest, member
from portal.plots import days_until, moments, plot_days
from portal.tiles import Tile, change_of, line_of
from portal.views import quickstart
from rejections import queries as rejections

PERIODS = (30, 90)
_MAX_PLANS = 10
_COUNTING_SECONDS = 0.5  # what a page may spend on counting in what came since the last one
_PAYMENTS_SECONDS = 60  # how old the sums of payments may be: they read every customer
_MAX_EXACT = 10_000  # of MRR: more is shown without fractions, which the table by plan has
# What the plot can show: a title, and whether the sum of the days means something.
_PLOTS = {
    "events": ("Events", "events", True),
    "active": ("Active customers", "customers", False),
    "new": ("New customers", "customers", True),
}


@member
def show(request: PortalRequest) -> HttpResponseBase:
    """Stats of the last 30 or 90 days; the quick start itself where there are none yet."""
    account_id = request.account.pk
    days = next(
        (period for period in PERIODS if str(period) == request.GET.get("days")), PERIODS[0]
    )
    shown = next((name for name in _PLOTS if name == request.GET.get("plot")), next(iter(_PLOTS)))
    stats.count_events(account_id=account_id, seconds=_COUNTING_SECONDS)
    today = timezone.now().astimezone(datetime.UTC).date()
    found = stats.read_stats(account_id=account_id, days=days, today=today, before=days)
    if (
        found.complete
        and not found.days
        and not customers.count_customers(account_id=account_id, most=1)
    ):
        return quickstart.show(request)
    both = days_until(today, 2 * days)
    before, period = both[:days], both[days:]
    series = {
        "events": {day: row.events for day, row in found.days.items()},
        "active": {day: row.customers for day, row in found.days.items()},
        "new": customers.new_customers(account_id=account_id, **moments(both)),
    }
    plans, all_plans = _payments(account_id)
    title, noun, summed = _PLOTS[shown]
    top = found.names[0][1] if found.names else 0
    context = {
        "days": days,
        "periods": PERIODS,
        "complete": found.complete,
        "tiles": [
            *_tiles(series, period, before),
            _rejected(account_id, today),
            _payments_tile(all_plans.payments),
        ],
        "plots": [(name, title) for name, (title, _, _) in _PLOTS.items()],
        "shown": shown,
        "plot": plot_days(shown, f"{title} a day", noun, period, series[shown], summed=summed),
        "names": [(name, count, _percent(count, top)) for name, count in found.names],
        "plans": [(plan, _percent(plan.payments, plans[0].payments)) for plan in plans],
        "all_plans": all_plans,
        "other_plans": all_plans.customers - sum(plan.customers for plan in plans),
    }
    return render(request, "portal/overview.html", context)


def _tiles(
    series: dict[str, dict[datetime.date, int]],
    period: list[datetime.date],
    before: list[datetime.date],
) -> list[Tile]:
    """The tiles of what happens each day."""
    days = len(period)
    of = {name: sum(values.get(day, 0) for day in period) for name, values in series.items()}
    events, newest = (
        reverse("portal:events"),
        f"{reverse('portal:customers')}?{urlencode({'sort': '-created_at'})}",
    )
    rows = [
        ("events", "Events", of["events"], events, f"in {days} days"),
        (
            "active",
            "Active today",
            series["active"].get(period[-1], 0),
            newest,
            "customers, so far",
        ),
        ("new", "New customers", of["new"], newest, f"in {days} days"),
    ]
    return [
        Tile(
            label,
            value,
            url,
            note,
            change_of(series[name], period, before),
            line_of(series[name], period),
        )
        for name, label, value, url, note in rows
    ]


def _rejected(account_id: int, today: datetime.date) -> Tile:
    kept = settings.REJECTIONS_KEPT_DAYS
    by_day = rejections.count_by_day(account_id=account_id)
    return Tile(
        "Rejected items",
        sum(by_day.values()),
        reverse("portal:rejections"),
        f"in {kept} day{'' if kept == 1 else 's'}, still to fix",
        line=line_of(by_day, days_until(today, kept)),
    )


def _payments_tile(payments: Any) -> Tile:
    url = f"{reverse('portal:customers')}?{urlencode({'sort': '-monthly_payment_amount'})}"
    whole = round(payments) if payments > _MAX_EXACT else payments
    return Tile("MRR", whole, url, "monthly recurring revenue, now")


def _payments(account_id: int) -> Any:
    return cache.get_or_set(
        f"portal.payments.{account_id}",
        lambda: customers.payments_by_plan(account_id=account_id, limit=_MAX_PLANS),
        _PAYMENTS_SECONDS,
    )


def _percent(part: Any, whole: Any) -> int:
    return round(100 * part / whole) if whole else 0
