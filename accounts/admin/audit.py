"""What was done: to accounts, by anyone; in the admin, by operators. Nobody changes it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import ShowFacets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin.base import ReadOnlyAdmin
from accounts.admin.owned import AccountFilter, BoundedPaginator
from accounts.models import AuditEntry


class ActionFilter(admin.SimpleListFilter):
    """One kind of action."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in AuditEntry.Action.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class _LogAdmin(ReadOnlyAdmin):
    """The newest first, by the primary key, without a count of all."""

    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = BoundedPaginator
    actions = None


@admin.register(AuditEntry)
class AuditEntryAdmin(_LogAdmin):
    list_display = ("created_at", "account", "what", "actor_email", "details", "ip")
    list_select_related = ("account",)
    list_filter = (AccountFilter, ActionFilter)
    search_fields = ("=actor_email",)
    search_help_text = "The email address of who did it."
    ordering = ("-id",)
    fields = ("created_at", "account", "what", "actor_email", "ip", "details")

    @admin.display(description="action")
    def what(self, entry: AuditEntry) -> str:
        return entry.label

    @admin.display(description="details")
    def details(self, entry: AuditEntry) -> SafeString:
        return format_html_join(", ", "{}: {}", entry.facts)


@admin.register(LogEntry)
class LogEntryAdmin(_LogAdmin):
    list_display = ("action_time", "user", "content_type", "object_repr", "change")
    list_select_related = ("user", "content_type")
    search_fields = ("=user__email",)
    search_help_text = "The email address of an operator."
    ordering = ("-id",)
    fields = ("action_time", "user", "content_type", "object_repr", "change")

    @admin.display(description="what")
    def change(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()
