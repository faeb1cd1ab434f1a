"""The operators' view of webhooks and workers: to look at, and to switch webhooks on and off."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import ReadOnlyAdmin, actor_of
from feed import services
from feed.models import Delivery, Webhook, Worker


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("url", "account", "enabled", "stopped", "failing_since", "created_at")
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
        for row in queryset:
            services.update_webhook(
                account_id=row.account_id,
                webhook_id=row.pk,
                changes={"enabled": enabled},
                actor=actor_of(request),
            )
        self.message_user(request, f"Switched {'on' if enabled else 'off'}: {len(queryset)}.")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "account",
        "webhook",
        "entries",
        "failures",
        "status",
        "next_attempt_at",
    )
    list_select_related = ("webhook__account",)
    search_fields = ("webhook__url", "webhook__account__name")
    ordering = ("-created_at",)
    exclude = ("body",)
    actions = ("resend",)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("feed.change_delivery")

    @admin.display(description="account")
    def account(self, delivery: Delivery) -> str:
        return delivery.webhook.account.name

    @admin.action(description="Send again what was set aside", permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """The others are tried again by themselves."""
        set_aside = list(queryset.filter(set_aside_at__isnull=False))
        for row in set_aside:
            services.resend(
                account_id=row.webhook.account_id, webhook_id=row.webhook_id, delivery_id=row.pk
            )
            self.log_change(request, row, "Sent again.")
        self.message_user(request, f"Sent again soon: {len(set_aside)}.")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("id", "host", "pid", "started_at", "seen_at")
    ordering = ("-seen_at",)
