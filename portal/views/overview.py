"""The overview: what the account's customers did and pay."""

import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from customers import queries as customers
from events import stats
from portal.access import PortalRequest, member
from portal.plots import days_until, moments, plot_days
from portal.views import quickstart
from rejections import queries as rejections

PERIODS = (30, 90)
_MAX_PLANS = 10
_COUNTING_SECONDS = 0.5  # what a page may spend on counting in what came since the last one
_PAYMENTS_SECONDS = 60  # how old the sums of payments may be: they read every customer


@member
def show(request: PortalRequest) -> HttpResponseBase:
    """Stats of the last 30 or 90 days; the quick start itself where there are none yet."""
    account_id = request.account.pk
    days = next((period for period in PERIODS if str(period) == request.GET.get("days")), PERIODS[0])
    stats.count_events(account_id=account_id, seconds=_COUNTING_SECONDS)
    today = timezone.now().astimezone(datetime.UTC).date()
    found = stats.read_stats(account_id=account_id, days=days, today=today)
    if found.complete and not found.days and not customers.count_customers(account_id=account_id, most=1):
        return quickstart.show(request)
    period = days_until(today, days)
    created = customers.new_customers(account_id=account_id, **moments(period))
    plans, all_plans = _payments(account_id)
    events = {day: row.events for day, row in found.days.items()}
    active = {day: row.customers for day, row in found.days.items()}
    top = found.names[0][1] if found.names else 0
    context = {
        "days": days,
        "periods": PERIODS,
        "complete": found.complete,
        "plots": [
            plot_days("events", "Events a day", "events", period, events),
            plot_days("active", "Active customers a day", "customers", period, active, summed=False),
            plot_days("new", "New customers a day", "customers", period, created),
        ],
        "events": sum(events.values()),
        "active_today": active.get(today, 0),
        "new": sum(created.values()),
        "rejected": rejections.newest(account_id=account_id).count(),
        "kept_days": settings.REJECTIONS_KEPT_DAYS,
        "names": [(name, count, _percent(count, top)) for name, count in found.names],
        "plans": [(plan, _percent(plan.payments, plans[0].payments)) for plan in plans],
        "all_plans": all_plans,
        "other_plans": all_plans.customers - sum(plan.customers for plan in plans),
    }
    return render(request, "portal/overview.html", context)


def _payments(account_id: int) -> Any:
    return cache.get_or_set(
        f"portal.payments.{account_id}",
        lambda: customers.payments_by_plan(account_id=account_id, limit=_MAX_PLANS),
        _PAYMENTS_SECONDS,
    )


def _percent(part: Any, whole: Any) -> int:
    return round(100 * part / whole) if whole else 0
