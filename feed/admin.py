"""The operators' view of webhooks and workers: to look at, and to switch webhooks on and off."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audit import Actor
from accounts.models import User
from feed import services
from feed.models import Delivery, Webhook, Worker


class _ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Webhook)
class WebhookAdmin(_ReadOnlyAdmin):
    list_display = ("url", "account", "enabled", "stopped", "failing_since", "batch", "created_at", "leased_until")
    list_filter = ("enabled", "stopped")
    list_select_related = ("account",)
    search_fields = ("url", "account__name")
    ordering = ("-id",)
    exclude = ("secret", "earlier_secret")
    actions = ("switch_on", "switch_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return super().get_queryset(request).defer("secret", "earlier_secret")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("feed.change_webhook")

    @admin.action(description="Switch on: continue where it stopped", permissions=["switch"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Switch off", permissions=["switch"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Webhook], *, enabled: bool) -> None:
        user = request.user if isinstance(request.user, User) else None
        for row in queryset:
            services.update_webhook(
                account_id=row.account_id, webhook_id=row.pk, changes={"enabled": enabled}, actor=Actor(user)
            )
        self.message_user(request, f"Switched {'on' if enabled else 'off'}: {len(queryset)}.")


@admin.register(Delivery)
class DeliveryAdmin(_ReadOnlyAdmin):
    list_display = ("message_id", "webhook", "failures", "status", "next_attempt_at", "set_aside_at", "created_at")
    list_select_related = ("webhook",)
    ordering = ("-created_at",)
    exclude = ("body",)


@admin.register(Worker)
class WorkerAdmin(_ReadOnlyAdmin):
    list_display = ("id", "host", "pid", "started_at", "seen_at")
    ordering = ("-seen_at",)
