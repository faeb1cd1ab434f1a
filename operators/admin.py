"""The operators' view of what was refused. It stands here and not in rejections, which knows no way to send it again."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.admin import AccountFilter, AccountOwnedAdmin
from portal.mending import proposal, send_again
from rejections.models import Rejection
from rejections.services import discard_rejections
from traitly.input.errors import InputError


class KindFilter(admin.SimpleListFilter):
    """Events or customers. Of one account alone, which has few enough of them to be looked through."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Rejection.Kind.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rejection]) -> QuerySet[Rejection]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Rejection)
class RejectionAdmin(AccountOwnedAdmin):
    list_display = ("received_at", "account", "kind", "customer_id", "name", "reason")
    list_filter: ClassVar[Any] = (AccountFilter, KindFilter)
    search_fields = ("customer_id",)
    search_help_text = "A customer_id"
    searches_all = False  # they have no index but the primary key: those of one account are few
    ordering = ("-account_id", "-id")  # the primary key's
    fields = (
        "account",
        "received_at",
        "key_id",
        "kind",
        "customer_id",
        "name",
        "reasons",
        "sent",
        "truncated",
    )
    readonly_fields = ("reasons", "sent")
    actions = ("resend", "dismiss")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rejection]:
        return (
            Rejection.objects.order_by(*self.ordering).defer("payload").prefetch_related("account")
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        account_id, _, row_id = object_id.partition(":")
        if not account_id.isascii() or not account_id.isdigit():
            return None
        try:
            return Rejection.objects.filter(account_id=int(account_id), id=row_id).first()
        except ValidationError:  # the id is no UUID
            return None

    def search(
        self, queryset: QuerySet[Rejection], account_id: int, term: str
    ) -> QuerySet[Rejection]:
        return queryset.filter(customer_id=term)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rejections.change_rejection")

    @admin.action(description="Send again: what is valid by now is stored", permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Rejection]) -> None:
        stored = refused = 0
        for row in queryset.defer(None):
            try:
                send_again(row, proposal(row))
            except InputError:  # as it was when it came; the portal is where one is mended
                refused += 1
            else:
                self.log_change(request, row, "Sent again.")
                stored += 1
        self.message_user(request, f"Stored: {stored}. Still refused: {refused}.", messages.SUCCESS)

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rejections.delete_rejection")

    @admin.action(description="Dismiss: nobody needs them", permissions=["dismiss"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Rejection]) -> None:
        dismissed = 0
        for row in queryset:
            if discard_rejections(account_id=row.account_id, rejection_ids=[row.id]):
                self.log_change(request, row, "Dismissed.")
                dismissed += 1
        self.message_user(request, f"Dismissed: {dismissed}.", messages.SUCCESS)

    @admin.display(description="reason")
    def reason(self, rejection: Rejection) -> str:
        first = rejection.errors[0]
        return f"{first['attr']}: {first['detail']}" if first["attr"] else str(first["detail"])

    @admin.display(description="reasons")
    def reasons(self, rejection: Rejection) -> SafeString:
        lines = (
            (f"{error['attr']}: " if error["attr"] else "", error["detail"])
            for error in rejection.errors
        )
        return format_html_join(mark_safe("<br>"), "{}{}", lines)

    @admin.display(description="what was sent")
    def sent(self, rejection: Rejection) -> SafeString:
        return format_html('<pre class="json">{}</pre>', rejection.payload)
