"""The admin of tables that hold accounts' data, which may have ten million rows."""

import datetime
from functools import reduce
from operator import or_
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Func, Model, Q, QuerySet, TextField
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from accounts.admin.base import ModelAdmin
from accounts.models import Account
from accounts.queries import searchable_accounts


class AccountFilter(admin.SimpleListFilter):
    """One account's rows. Offers the newest accounts; of the others, the one that the address already names."""

    title = "account"
    parameter_name = "account"
    offered = 20

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        accounts = dict(Account.objects.order_by("-id")[: self.offered].values_list("id", "name"))
        if chosen := chosen_account_id(request):
            accounts |= dict(Account.objects.filter(id=chosen).values_list("id", "name"))
        return [
            (str(account_id), f"{name} ({account_id})") for account_id, name in accounts.items()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        chosen = chosen_account_id(request)
        return queryset if chosen is None else queryset.filter(account_id=chosen)


class DaysFilter(admin.SimpleListFilter):
    """Of the last days, by the time of an index with the account before it."""

    parameter_name = "days"
    field: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("1", "in the last day"),
            ("7", "in the last 7 days"),
            ("30", "in the last 30 days"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        since = timezone.now() - datetime.timedelta(days=int(self.value() or 0))
        return queryset.filter(**{f"{self.field}__gte": since})


class ReceivedFilter(DaysFilter):
    title = "received"
    field = "received_at"


def chosen_account_id(request: HttpRequest) -> int | None:
    """The account that the address of a list names."""
    text = request.GET.get(AccountFilter.parameter_name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise IncorrectLookupParameters
    return int(text)


class BoundedPaginator(Paginator):
    """Counts no further than ``most``: counting all of a large table takes seconds, and so does a page far behind."""

    most = 1000

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Model]", self.object_list)
        return rows[: self.most].count()


class _AccountOwnedList(ChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change",
            args=(quote(f"{result.account_id}:{result.pk}"),),
        )


class AccountOwnedAdmin(ModelAdmin):
    """The admin of a table that may have ten million rows, whose ids are unique only within an account.

    Every list is read in the order of an index, without a count of all; a search is one account's.
    A row's address has ``account_id:id``.
    """

    list_filter: ClassVar[Any] = (AccountFilter,)
    list_per_page = 100
    # A join could lure the planner away from the order of the index: see get_queryset()
    list_select_related = ()
    sortable_by = ()  # by a column without an index, the database would sort the table
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they are counts
    paginator = BoundedPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _AccountOwnedList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("custom_attributes").prefetch_related("account")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        account_id, _, row_id = object_id.partition(":")
        if not account_id.isascii() or not account_id.isdigit() or "\0" in row_id:
            return None
        rows = self.get_queryset(request).annotate(
            # PostgreSQL's own text: Python would round numbers, and refuses integers of 4,300
            # digits.
            attributes_text=Func(
                F("custom_attributes"), function="jsonb_pretty", output_field=TextField()
            )
        )
        try:
            return rows.filter(account_id=int(account_id), pk=row_id).first()
        except ValidationError:  # the id is no UUID
            return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\0" in term:  # PostgreSQL's texts have none
            return queryset.none(), False
        account_id = chosen_account_id(request)
        if account_id is not None:
            return self.search(queryset, account_id, term), False
        accounts = searchable_accounts() if self.searches_all else None
        if accounts is None:
            self.message_user(
                request, "Choose an account first: a search covers one account.", messages.WARNING
            )
            return queryset.none(), False
        self.message_user(request, f"All accounts were searched. {self.search_note}")
        return self.search_all(queryset, accounts, term), False

    searches_all = True  # accounts, if nobody chooses one
    search_note: str  # what a search of all of them leaves out

    def search(self, queryset: QuerySet[Any], account_id: int, term: str) -> QuerySet[Any]:
        """The rows of one account that the term finds by an index."""
        raise NotImplementedError

    def search_all(
        self, queryset: QuerySet[Any], account_ids: list[int], term: str
    ) -> QuerySet[Any]:
        """The rows of all these accounts that it finds by an index of each."""
        raise NotImplementedError

    @staticmethod
    def only(queryset: QuerySet[Any], rows: list[tuple[int, Any]]) -> QuerySet[Any]:
        """These rows of the list, each named by its account's id and its own."""
        by_account: dict[int, list[Any]] = {}
        for account_id, row_id in rows:
            by_account.setdefault(account_id, []).append(row_id)
        wanted = [Q(account_id=account_id, pk__in=ids) for account_id, ids in by_account.items()]
        return queryset.filter(reduce(or_, wanted)) if wanted else queryset.none()

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_change(request, obj, message)
        entry.object_id = f"{obj.account_id}:{obj.pk}"
        entry.save(update_fields=["object_id"])
        return entry

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: erasing a customer takes the events along, and is the API's."""
        return False

    @admin.display(description="custom attributes")
    def attributes(self, row: Any) -> SafeString:
        return format_html('<pre class="json">{}</pre>', row.attributes_text)
