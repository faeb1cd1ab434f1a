"""Customers: search and list, and a page for each."""

import datetime
import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from customers import queries
from customers.aliases import aliases_of, delete_alias
from customers.columns import OPTIONAL, TEXT
from events.queries import customer_days, timeline_of
from portal.access import PortalRequest, member
from portal.plots import days_until, gather_series, moments, plot_series
from portal.rows import parse_row
from traitly.input.errors import InvalidRequestError
from traitly.input.values import parse_time
from traitly.lists.definition import ListDefinition
from traitly.lists.pages import page
from traitly.lists.parameters import read_list

_PAGE = 50
_MAX_PLANS = 100  # offered to choose from
_DAYS = 90
_MAX_CHANGES = 20
SORTS = {
    "-created_at": "Newest first",
    "created_at": "Oldest first",
    "-updated_at": "Changed last",
    "-monthly_payment_amount": "Highest payment",
    "monthly_payment_amount": "Lowest payment",
    "customer_id": "Customer id",
}


@member
def index(request: PortalRequest) -> HttpResponse:
    """A search as it is typed (``q``), or a page of the list; both of one ``plan`` or all. htmx takes the rows alone."""
    text, plan, sort = (request.GET.get(key, "").replace("\0", "").strip() for key in ("q", "plan", "sort"))
    sort = sort if sort in SORTS else next(iter(SORTS))
    account_id = request.account.pk
    next_cursor = None
    if text:
        customers = queries.search_customers(account_id=account_id, text=text, plan=plan, limit=_PAGE)
    else:
        query = {"sort": sort} | ({"plan": plan} if plan else {})
        customers, next_cursor = _page(queries.LIST, account_id, query, request)
    context = {
        "text": text,
        "plan": plan,
        "sort": sort,
        "sorts": SORTS.items(),
        "customers": [_with_times(row) for row in customers],
        "full": bool(text) and len(customers) == _PAGE,
        "first_page": not request.GET.get("cursor"),
        "next": urlencode({"plan": plan, "sort": sort, "cursor": next_cursor}) if next_cursor else "",
    }
    if request.headers.get("HX-Request"):
        return render(request, "portal/customer_rows.html", context)
    context["plans"] = queries.plans(account_id=account_id, limit=_MAX_PLANS)
    return render(request, "portal/customers.html", context)


@member
def show(request: PortalRequest) -> HttpResponse:
    """One customer, named by ``id``: fields, attributes, 90 days of events, timeline. Its events may be all there is."""
    customer_id = request.GET.get("id", "")
    if "\0" in customer_id:
        raise Http404
    account_id = request.account.pk
    customer = queries.get_customer(account_id=account_id, customer_id=customer_id)
    definition, ids = timeline_of(account_id=account_id, customer_id=customer_id)
    rows, next_cursor = _page(definition, account_id, {"sort": "-created_at"}, request, customer_id=ids)
    if customer is None and not rows:
        raise Http404
    fields = _with_times(customer) if customer else None
    days = days_until(timezone.now().astimezone(datetime.UTC).date(), _DAYS)
    counts = customer_days(account_id=account_id, customer_ids=ids, **moments(days))
    context = {
        "customer_id": customer_id,
        "aliases": aliases_of(account_id=account_id, customer_id=customer_id) if len(ids) > 1 else [],
        "customer": fields,
        "optional": [(each.label, fields[each.name]) for each in OPTIONAL if each.kind is TEXT and fields[each.name]]
        if fields
        else [],
        "attributes": [(key, _as_text(value)) for key, value in sorted(fields["custom_attributes"].items())]
        if fields
        else [],
        "changes": queries.newest_changes(account_id=account_id, customer_id=customer_id, limit=_MAX_CHANGES),
        "plot": plot_series("events", f"Events in {_DAYS} days", "events", days, gather_series(counts)),
        "events": [_with_times(row) for row in rows],
        "next": urlencode({"id": customer_id, "cursor": next_cursor}) if next_cursor else "",
        "first_page": not request.GET.get("cursor"),
    }
    return render(request, "portal/customer.html", context)


@require_POST
@member
def separate(request: PortalRequest) -> HttpResponse:
    """Take an id (``previous_id``) from a customer (``id``) again: the events stored under it are its own."""
    customer_id, previous_id = (request.POST.get(key, "") for key in ("id", "previous_id"))
    if "\0" in customer_id + previous_id:
        raise Http404
    if delete_alias(account_id=request.account.pk, customer_id=customer_id, previous_id=previous_id) is None:
        raise Http404
    messages.success(request, f"{previous_id} is separate now.")
    return redirect(f"{reverse('portal:customer')}?{urlencode({'id': customer_id})}")


def _page(
    definition: ListDefinition, account_id: int, query: dict[str, str], request: PortalRequest, **equal: list[str]
) -> tuple[list[bytes], str | None]:
    """A page of one of the API's lists, the one that ``cursor`` names or the first."""
    parameters = query | {"limit": str(_PAGE)} | {key: request.GET[key] for key in ("cursor",) if request.GET.get(key)}
    try:
        return page(read_list(definition, QueryDict(urlencode(parameters)), equal=equal), account_id=account_id)
    except InvalidRequestError:  # the cursor is another list's
        raise Http404 from None


def _with_times(row: bytes) -> dict[str, Any]:
    fields = parse_row(row)
    return fields | {key: parse_time(fields[key]) for key in ("created_at", "updated_at") if key in fields}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
