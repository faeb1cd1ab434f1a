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
from customers.aliases import aliases_of
from customers.columns import ATTRIBUTES, OPTIONAL, TEXT
from events.queries import customer_days, timeline_of
from portal import customer_lists
from portal.access import PortalRequest, actor, member
from portal.commands import PLACEHOLDER, list_command
from portal.plots import days_until, gather_series, moments, plot_series
from portal.rows import parse_row
from portal.services import separate_ids
from traitly.input.errors import Error, InvalidRequestError
from traitly.input.values import parse_time
from traitly.lists.definition import ListDefinition
from traitly.lists.pages import page
from traitly.lists.parameters import read_list

_PAGE = 50
_MAX_PLANS = 100  # offered to choose from
_DAYS = 90
_MAX_CHANGES = 20
_MAX_ATTRIBUTES = 50  # offered as columns
_COLUMNS = "customer_columns"  # in the session
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
    """A page of the list, filtered as the API filters, or of them what is searched for (``q``). htmx takes the rows alone."""
    text, sort = (request.GET.get(key, "").replace("\0", "").strip() for key in ("q", "sort"))
    sort = sort if sort in SORTS else next(iter(SORTS))
    filters = customer_lists.filters_in(request.GET)
    if added := customer_lists.new_filter(
        request.GET.get("field", ""), request.GET.get("value", "").strip()
    ):
        return redirect(
            f"{reverse('portal:customers')}?{urlencode([*filters, added, *_others(text, sort).items()])}"
        )
    if "=" in text and (added := customer_lists.new_filter(ATTRIBUTES, text)):
        wanted, text = [*filters, added], ""
    else:
        wanted = filters
    rows, next_cursor, errors = _found(request, text, [*wanted, ("sort", sort)])
    customers = [_with_times(row) for row in rows]
    columns = _columns(request)
    context = {
        "text": request.GET.get("q", ""),
        "sort": sort,
        "sorts": SORTS.items(),
        "filters": filters,
        "described": customer_lists.described(filters, _others(text, sort)),
        "plan": next((value for name, value in filters if name == "plan"), ""),
        "columns": customer_lists.heads(columns),
        "customers": [(one, customer_lists.cells(one, columns)) for one in customers],
        "errors": errors,
        "full": bool(text) and len(customers) == _PAGE,
        "first_page": not request.GET.get("cursor"),
        "next": urlencode([*filters, ("sort", sort), ("cursor", next_cursor)])
        if next_cursor
        else "",
        "first": urlencode([*filters, ("sort", sort)]),
        "command": "" if text else _command(request, wanted, sort),
    }
    if request.headers.get("HX-Request"):
        return render(request, "portal/customer_rows.html", context)
    attributes = sorted({key for one in customers for key in one["custom_attributes"]})[
        :_MAX_ATTRIBUTES
    ]
    context |= {
        "plans": queries.plans(account_id=request.account.pk, limit=_MAX_PLANS),
        "fields": [
            (name, label) for name, label in customer_lists.FILTERS.items() if name != "plan"
        ],
        "kept": [
            *(pair for pair in filters if pair[0] != "plan"),
            *([("q", text)] if text else []),
        ],
        "choices": _choices(columns, attributes),
    }
    return render(request, "portal/customers.html", context)


def _found(
    request: PortalRequest, text: str, query: list[tuple[str, str]]
) -> tuple[list[bytes], str | None, list[Error]]:
    """The rows, the cursor of the next page, and what is wrong with the filters."""
    cursor = [("cursor", request.GET["cursor"])] if request.GET.get("cursor") and not text else []
    try:
        asked = read_list(queries.LIST, QueryDict(urlencode([*query, ("limit", _PAGE), *cursor])))
    except InvalidRequestError as invalid:
        if any(error.attr == "cursor" for error in invalid.errors):  # another list's
            raise Http404 from None
        return [], None, invalid.errors
    account_id = request.account.pk
    if text:
        return queries.search_customers(account_id=account_id, text=text, asked=asked), None, []
    return *page(asked, account_id=account_id), []


def _others(text: str, sort: str) -> dict[str, str]:
    return {key: value for key, value in (("q", text), ("sort", sort)) if value}


def _command(request: PortalRequest, filters: list[tuple[str, str]], sort: str) -> str:
    server = f"{request.scheme}://{request.get_host()}"
    path = f"customer?{urlencode([*filters, ('sort', sort)])}"
    return list_command(path, server=server, key=PLACEHOLDER)


def _columns(request: PortalRequest) -> list[str]:
    """The columns that this log-in has chosen."""
    if "columns" in request.GET:
        request.session[_COLUMNS] = customer_lists.known_columns(request.GET.getlist("column"))
    chosen: list[str] = request.session.get(_COLUMNS, list(customer_lists.DEFAULT_COLUMNS))
    return chosen


def _choices(columns: list[str], attributes: list[str]) -> list[tuple[str, str, bool]]:
    """Each column that can be chosen: what names it, its label, and whether it is shown."""
    names = [*customer_lists.COLUMN_CHOICES, *(f"{ATTRIBUTES}.{key}" for key in attributes)]
    return [
        (name, customer_lists.column_label(name), name in columns)
        for name in dict.fromkeys([*names, *columns])
    ]


@member
def show(request: PortalRequest) -> HttpResponse:
    """One customer, named by ``id``: fields, attributes, 90 days of events, timeline. Its events may be all there is."""
    customer_id = request.GET.get("id", "")
    if "\0" in customer_id:
        raise Http404
    account_id = request.account.pk
    customer = queries.get_customer(account_id=account_id, customer_id=customer_id)
    definition, ids = timeline_of(account_id=account_id, customer_id=customer_id)
    rows, next_cursor = _page(
        definition, account_id, {"sort": "-created_at"}, request, customer_id=ids
    )
    if customer is None and not rows:
        raise Http404
    fields = _with_times(customer) if customer else None
    days = days_until(timezone.now().astimezone(datetime.UTC).date(), _DAYS)
    counts = customer_days(account_id=account_id, customer_ids=ids, **moments(days))
    context = {
        "customer_id": customer_id,
        "aliases": aliases_of(account_id=account_id, customer_id=customer_id)
        if len(ids) > 1
        else [],
        "customer": fields,
        "optional": [
            (each.label, fields[each.name])
            for each in OPTIONAL
            if each.kind is TEXT and fields[each.name]
        ]
        if fields
        else [],
        "attributes": [
            (key, _as_text(value)) for key, value in sorted(fields["custom_attributes"].items())
        ]
        if fields
        else [],
        "changes": queries.newest_changes(
            account_id=account_id, customer_id=customer_id, limit=_MAX_CHANGES
        ),
        "plot": plot_series(
            "events", f"Events in {_DAYS} days", "events", days, gather_series(counts)
        ),
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
    account, who = request.account, actor(request)
    if not separate_ids(
        account=account, customer_id=customer_id, previous_id=previous_id, actor=who
    ):
        raise Http404
    messages.success(request, f"{previous_id} is separate now.")
    return redirect(f"{reverse('portal:customer')}?{urlencode({'id': customer_id})}")


def _page(
    definition: ListDefinition,
    account_id: int,
    query: dict[str, str],
    request: PortalRequest,
    **equal: list[str],
) -> tuple[list[bytes], str | None]:
    """A page of one of the API's lists, the one that ``cursor`` names or the first."""
    parameters = (
        query
        | {"limit": str(_PAGE)}
        | {key: request.GET[key] for key in ("cursor",) if request.GET.get(key)}
    )
    try:
        return page(
            read_list(definition, QueryDict(urlencode(parameters)), equal=equal),
            account_id=account_id,
        )
    except InvalidRequestError:  # the cursor is another list's
        raise Http404 from None


def _with_times(row: bytes) -> dict[str, Any]:
    fields = parse_row(row)
    return fields | {
        key: parse_time(fields[key]) for key in ("created_at", "updated_at") if key in fields
    }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
