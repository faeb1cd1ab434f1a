"""The customer endpoints."""

from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from customers import aliases, queries
from customers.columns import KEY
from customers.erasure import erase_customer
from customers.models import Alias
from customers.schemas import SentCustomer, read_changes, read_customers
from customers.services import Upserted, update_customer, upsert_customers
from rejections.services import keep_rejections
from rejections.unreadable import keeping_unreadable
from traitly.http.bodies import read_body
from traitly.http.envelope import batch_response, envelope, hints_metadata, only_sent
from traitly.http.views import ApiViewSet
from traitly.input.values import unix_seconds


class CustomerViewSet(ApiViewSet):
    """``/customer`` and ``/customer/{customer_id}``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})

    def create(self, request: Request) -> HttpResponse:
        """Create or update one customer or many."""
        with keeping_unreadable(
            request, account_id=self.account_id, key_id=self.key_id, kind="customer"
        ):
            batch = read_customers(read_body(request))
        accepted = batch.accepted
        stored = upsert_customers(account_id=self.account_id, customers=accepted)
        keep_rejections(
            account_id=self.account_id,
            key_id=self.key_id,
            kind="customer",
            rejections=batch.rejected,
        )
        shown = (row.json for row in stored) if self.may_read else map(_only_sent, stored, accepted)
        return batch_response("customer", batch, shown, created=any(row.created for row in stored))

    def list(self, request: Request) -> HttpResponseBase:
        """The account's customers, filtered."""
        return self.list_of("customer", queries.LIST)

    def retrieve(self, request: Request, customer_id: str) -> HttpResponse:
        """One customer."""
        row_json = queries.get_customer(account_id=self.account_id, customer_id=customer_id)
        if row_json is None:
            raise Http404("There is no customer with this customer_id.")
        return envelope("customer", [row_json])

    def partial_update(self, request: Request, customer_id: str) -> HttpResponse:
        """Change some of a customer's fields."""
        changes = read_changes(read_body(request), customer_id)
        row_json = update_customer(
            account_id=self.account_id, customer_id=customer_id, changes=changes
        )
        if row_json is None:
            raise Http404("There is no customer with this customer_id.")
        row: bytes | dict[str, Any] = row_json
        if not self.may_read:
            row = only_sent(row_json, {KEY, *changes.fields, "updated_at"}, changes.attributes)
        return envelope("customer", [row], method="PATCH", metadata=hints_metadata(changes.hints))

    def destroy(self, request: Request, customer_id: str) -> HttpResponse:
        """Erase a customer and all its data; the metadata of the response counts the rows, such as events."""
        erased = erase_customer(account_id=self.account_id, customer_id=customer_id)
        if erased is None:
            raise Http404("There is no customer with this customer_id.")
        rows: list[bytes | dict[str, Any]] = [erased.customer] if erased.customer else []
        if erased.customer and not self.may_read:
            rows = [only_sent(erased.customer, {KEY})]
        return envelope("customer", rows, method="DELETE", metadata=erased.counts)


class HistoryViewSet(ApiViewSet):
    """``/customer/{customer_id}/history``."""

    streamed_actions: ClassVar[frozenset[str]] = frozenset({"list"})

    def list(self, request: Request, customer_id: str) -> HttpResponseBase:
        """The earlier values of the customer's plan and payment."""
        if not queries.has_history(account_id=self.account_id, customer_id=customer_id):
            raise Http404("There is no customer with this customer_id.")
        return self.list_of("history", queries.HISTORY, customer_id=[customer_id])


class AliasViewSet(ApiViewSet):
    """``/customer/{customer_id}/alias`` and ``/customer/{customer_id}/alias/{previous_id}``."""

    def list(self, request: Request, customer_id: str) -> HttpResponse:
        """The other ids of a customer; 404 if it has none and is not stored itself."""
        rows = aliases.aliases_of(account_id=self.account_id, customer_id=customer_id)
        if (
            not rows
            and queries.get_customer(account_id=self.account_id, customer_id=customer_id) is None
        ):
            raise Http404("There is no customer with this customer_id.")
        return envelope("alias", map(_alias, rows))

    def destroy(self, request: Request, customer_id: str, previous_id: str) -> HttpResponse:
        """Separate an id from the customer again."""
        alias = aliases.delete_alias(
            account_id=self.account_id, customer_id=customer_id, previous_id=previous_id
        )
        if alias is None:
            raise Http404("The customer has no such alias.")
        return envelope("alias", [_alias(alias)], method="DELETE")


def _alias(alias: Alias) -> dict[str, Any]:
    return {
        "previous_id": alias.previous_id,
        "customer_id": alias.customer_id,
        "reason": alias.reason,
        "created_at": unix_seconds(alias.created_at),
    }


def _only_sent(stored: Upserted, sent: SentCustomer) -> dict[str, Any]:
    decided = {"created_at", "updated_at"} if stored.created else {"updated_at"}
    return only_sent(stored.json, sent.fields.keys() | decided, sent.attributes)
