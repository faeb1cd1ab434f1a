"""The operators' view of customers."""

import datetime
from typing import Any, ClassVar

import orjson
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import AccountFilter, AccountOwnedAdmin
from customers.columns import ATTRIBUTES, COLUMNS
from customers.models import Customer
from customers.schemas import CustomerChanges, read_changes
from customers.services import update_customer
from traitly.input.errors import InvalidRequestError
from traitly.input.parsing import Body


class CreatedFilter(admin.SimpleListFilter):
    """Signed up within the last days: a range of the index customers_by_created_at."""

    title = "signed up"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "in the last day"), ("7", "in the last 7 days"), ("30", "in the last 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        return queryset.filter(created_at__gte=timezone.now() - datetime.timedelta(days=int(self.value() or 0)))


class CustomerForm(forms.ModelForm):
    # As strict as the API (customers.schemas).
    email = forms.EmailField(max_length=254)
    monthly_payment_amount = forms.DecimalField(min_value=0, max_digits=16, decimal_places=4, required=False)

    def clean(self) -> dict[str, Any]:
        """Check what was changed as a PATCH of it would be."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        sent = {name: cleaned[name] for name in self.changed_data if name in cleaned}
        try:
            read_changes(Body(orjson.dumps(sent, default=str), lines=False), self.instance.customer_id)
        except InvalidRequestError as invalid:
            for error in invalid.errors:
                self.add_error(error.attr if error.attr in self.fields else None, error.detail)
        return cleaned


@admin.register(Customer)
class CustomerAdmin(AccountOwnedAdmin):
    form = CustomerForm
    list_display = ("customer_id", "name", "email", "plan", "account", "created_at", "updated_at")
    list_filter: ClassVar[Any] = (AccountFilter, CreatedFilter)
    search_fields = ("customer_id",)
    search_help_text = "The customer_id, or how it begins."
    fields = ("account", *("attributes" if each.name == ATTRIBUTES else each.name for each in COLUMNS), "id")
    # Attributes are shown only: the API keeps their numbers to the digit, a form would not.
    readonly_fields = ("account", "customer_id", "attributes", "created_at", "updated_at", "id")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        if request.GET.get("q"):
            return ("account_id", "customer_id")  # customers_customer_id_unique
        return ("-account_id", "-created_at", "-customer_id")  # customers_by_created_at

    def search(self, queryset: QuerySet[Customer], term: str) -> QuerySet[Customer]:
        return queryset.filter(customer_id__startswith=term)

    def save_model(self, request: HttpRequest, obj: Customer, form: forms.ModelForm, change: bool) -> None:
        # What the form changed alone: the rest may have been updated by the API since the form was shown.
        changes = CustomerChanges({name: form.cleaned_data[name] for name in form.changed_data}, b"{}", [])
        update_customer(account_id=obj.account_id, customer_id=obj.customer_id, changes=changes)
