"""The customer endpoints."""

from django.http import HttpResponse
from rest_framework.request import Request

from customers import queries
from customers.schemas import read_customers
from customers.services import upsert_customers
from traitly.api.bodies import read_body
from traitly.api.envelope import batch_response, list_response
from traitly.api.lists import page, read_list
from traitly.api.views import ApiViewSet


class CustomerViewSet(ApiViewSet):
    """``/customer``."""

    def create(self, request: Request) -> HttpResponse:
        """Create or update one customer or many."""
        batch = read_customers(read_body(request))
        stored = upsert_customers(account_id=self.account_id, customers=batch.accepted)
        return batch_response(
            "customer", batch, [row.answer for row in stored], created=any(row.created for row in stored)
        )

    def list(self, request: Request) -> HttpResponse:
        """The account's customers, filtered."""
        asked = read_list(queries.LIST, request.query_params)
        rows, next_cursor = page(asked, account_id=self.account_id)
        return list_response(request, "customer", rows, next_cursor)
