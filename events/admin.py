"""The operators' view of events: to look at, not to change."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import AccountOwnedAdmin
from events.models import Event


@admin.register(Event)
class EventAdmin(AccountOwnedAdmin):
    list_display = ("created_at", "name", "customer_id", "account", "received_at", "id")
    search_fields = ("customer_id", "id")
    search_help_text = "A customer_id, or an event's id."
    fields = ("account", "customer_id", "name", "created_at", "received_at", "id", "attributes")
    readonly_fields = ("attributes",)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        if request.GET.get("q"):
            return ("account_id", "customer_id", "name", "created_at", "id")  # events_by_customer_name
        return ("-account_id", "-received_at", "-id")  # events_by_received_at; those of one batch are sorted

    def search(self, queryset: QuerySet[Event], term: str) -> QuerySet[Event]:
        of_customer = queryset.filter(customer_id=term)
        return of_customer if of_customer.exists() else queryset.filter(pk=term)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
