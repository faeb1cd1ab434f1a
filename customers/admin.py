"""The operators' view of customers."""

from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import AccountFilter, AccountOwnedAdmin
from accounts.admin.owned import DaysFilter
from customers.columns import ATTRIBUTES, COLUMNS
from customers.models import Customer
from customers.queries import find_customers
from customers.schemas import CustomerChanges, read_changes
from customers.services import update_customer
from traitly.input.errors import InvalidRequestError
from traitly.input.parsing import Body

_MAX_FOUND = 100


class CreatedFilter(DaysFilter):
    """A range of the index customers_by_created_at."""

    title = "signed up"
    field = "created_at"


class CustomerForm(forms.ModelForm):
    # As strict as the API (customers.schemas).
    email = forms.EmailField(max_length=254)
    monthly_payment_amount = forms.DecimalField(
        min_value=0, max_digits=16, decimal_places=4, required=False
    )

    def clean(self) -> dict[str, Any]:
        """Check what was changed as a PATCH of it would be."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        sent = {name: cleaned[name] for name in self.changed_data if name in cleaned}
        try:
            read_changes(
                Body(orjson.dumps(sent, default=str), lines=False), self.instance.customer_id
            )
        except InvalidRequestError as invalid:
            for error in invalid.errors:
                self.add_error(error.attr if error.attr in self.fields else None, error.detail)
        return cleaned


@admin.register(Customer)
class CustomerAdmin(AccountOwnedAdmin):
    form = CustomerForm
    list_display = ("customer_id", "name", "email", "plan", "account", "created_at", "its_events")
    list_filter: ClassVar[Any] = (AccountFilter, CreatedFilter)
    search_fields = ("customer_id", "email")
    search_help_text = "A customer_id or an email address"
    search_note = "Choose an account first to search by how a customer_id begins."
    fields = (
        "account",
        "its_events",
        *("attributes" if each.name == ATTRIBUTES else each.name for each in COLUMNS),
        "id",
    )
    # Attributes are shown only: the API keeps their numbers to the digit, a form would not.
    readonly_fields = (
        "account",
        "its_events",
        "customer_id",
        "attributes",
        "created_at",
        "updated_at",
        "id",
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        if request.GET.get("q"):
            return ("account_id", "customer_id")  # customers_customer_id_unique
        return ("-account_id", "-created_at", "-customer_id")  # customers_by_created_at

    def search(
        self, queryset: QuerySet[Customer], account_id: int, term: str
    ) -> QuerySet[Customer]:
        if "@" in term and (
            found := find_customers(account_ids=[account_id], text=term, limit=_MAX_FOUND)
        ):
            return self.only(queryset, found)
        return queryset.filter(customer_id__startswith=term)

    def search_all(
        self, queryset: QuerySet[Customer], account_ids: list[int], term: str
    ) -> QuerySet[Customer]:
        return self.only(
            queryset, find_customers(account_ids=account_ids, text=term, limit=_MAX_FOUND)
        )

    @admin.display(description="events")
    def its_events(self, customer: Customer) -> SafeString:
        address = reverse("admin:events_event_changelist")
        query = urlencode({"account": customer.account_id, "q": customer.customer_id})
        return format_html('<a href="{}?{}">Events</a>', address, query)

    def save_model(
        self, request: HttpRequest, obj: Customer, form: forms.ModelForm, change: bool
    ) -> None:
        # What the form changed alone: the rest may have been updated by the API since the form was
        # shown.
        changes = CustomerChanges(
            {name: form.cleaned_data[name] for name in form.changed_data}, b"{}", []
        )
        update_customer(account_id=obj.account_id, customer_id=obj.customer_id, changes=changes)
