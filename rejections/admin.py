"""The operators' view of what was refused: to look at, not to change."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import AccountOwnedAdmin
from rejections.models import Rejection


@admin.register(Rejection)
class RejectionAdmin(AccountOwnedAdmin):
    list_display = ("received_at", "account", "kind", "customer_id", "name", "reason", "key_id")
    search_fields = ("customer_id",)
    search_help_text = "A customer_id."
    ordering = ("-account_id", "-id")  # the primary key's
    fields = ("account", "received_at", "key_id", "kind", "customer_id", "name", "errors", "payload", "truncated")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rejection]:
        return Rejection.objects.order_by(*self.ordering).defer("payload").prefetch_related("account")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        account_id, _, row_id = object_id.partition(":")
        if not account_id.isascii() or not account_id.isdigit():
            return None
        try:
            return Rejection.objects.filter(account_id=int(account_id), id=row_id).first()
        except ValidationError:  # the id is no UUID
            return None

    def search(self, queryset: QuerySet[Rejection], term: str) -> QuerySet[Rejection]:
        return queryset.filter(customer_id=term)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="reason")
    def reason(self, rejection: Rejection) -> str:
        first = rejection.errors[0]
        return f"{first['attr']}: {first['detail']}" if first["attr"] else str(first["detail"])
