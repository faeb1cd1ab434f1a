"""The operators' read-only view of events."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import AccountFilter, AccountOwnedAdmin
from accounts.admin.owned import BoundedPaginator, ReceivedFilter
from events.models import Event
from events.queries import accounts_with, newest_of_customer

_MAX_ACCOUNTS = 20  # in which one search finds something


@admin.register(Event)
class EventAdmin(AccountOwnedAdmin):
    list_display = ("created_at", "name", "customer", "account", "received_at")
    list_filter: ClassVar[Any] = (AccountFilter, ReceivedFilter)
    search_fields = ("customer_id", "id")
    search_help_text = "A customer_id, or an event's id"
    search_note = f"At most {_MAX_ACCOUNTS} accounts that have it are shown. Choose an account first to see all of one."
    fields = ("account", "customer", "name", "created_at", "received_at", "id", "attributes")
    readonly_fields = ("customer", "attributes")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        if request.GET.get("q"):
            return ("-created_at", "-id")  # a customer's, by time: those that search() found
        return (
            "-account_id",
            "-received_at",
            "-id",
        )  # events_by_received_at; those of one batch are sorted

    def search(self, queryset: QuerySet[Event], account_id: int, term: str) -> QuerySet[Event]:
        return self.search_all(queryset, [account_id], term)

    def search_all(
        self, queryset: QuerySet[Event], account_ids: list[int], term: str
    ) -> QuerySet[Event]:
        of_customer, of_id = accounts_with(account_ids=account_ids, text=term, limit=_MAX_ACCOUNTS)
        rows = [(account_id, term) for account_id in of_id]
        for account_id in of_customer:
            share = BoundedPaginator.most // len(of_customer)
            newest = newest_of_customer(account_id=account_id, customer_id=term, limit=share)
            rows += [(account_id, event_id) for event_id in newest]
        return self.only(queryset, rows)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="customer")
    def customer(self, event: Event) -> SafeString:
        query = urlencode({"account": event.account_id, "q": event.customer_id})
        address = reverse("admin:customers_customer_changelist")
        return format_html('<a href="{}?{}">{}</a>', address, query, event.customer_id)
