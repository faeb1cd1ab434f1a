"""Rows to start from. Tests name what matters to them; the rest is made up here."""

from typing import Any

from django.utils import timezone
from factory.declarations import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from accounts.models import Account, Membership, User
from accounts.services import NewKey, create_key
from customers.models import Change, Customer
from events.models import Event


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence("person{}@example.com".format)


class AccountFactory(DjangoModelFactory[Account]):
    class Meta:
        model = Account

    name = Sequence("Company {}".format)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    account = SubFactory(AccountFactory)
    user = SubFactory(UserFactory)
    role = Membership.Role.OWNER


class CustomerFactory(DjangoModelFactory[Customer]):
    class Meta:
        model = Customer

    account = SubFactory(AccountFactory)
    customer_id = Sequence("customer-{}".format)
    name = "John Smith"
    email = Sequence("customer{}@example.com".format)
    plan = "Starter"

    @classmethod
    def _create(cls, model_class: type[Customer], *args: Any, **kwargs: Any) -> Customer:
        customer: Customer = super()._create(model_class, *args, **kwargs)
        Change.objects.create(
            account=customer.account,
            customer_id=customer.customer_id,
            changed_at=customer.updated_at,
            attributes=customer.custom_attributes,
        )
        return customer


class EventFactory(DjangoModelFactory[Event]):
    class Meta:
        model = Event

    account = SubFactory(AccountFactory)
    id = Sequence("event-{}".format)
    customer_id = "123"
    name = "Logged in"
    created_at = LazyFunction(timezone.now)


def make_key(account: Account, **fields: Any) -> NewKey:
    """A key of the account, with its text."""
    return create_key(account=account, **({"name": "Test"} | fields))


def a_customer(customer_id: Any = "123", **fields: Any) -> dict[str, Any]:
    """A customer as a client sends it: the reference's own example."""
    return {
        "customer_id": customer_id,
        "name": "John Smith",
        "email": "john.smith@example.com",
        "plan": "Starter",
    } | fields


def an_event(customer_id: Any = "15", **fields: Any) -> dict[str, Any]:
    """An event as a client sends it."""
    return {"customer_id": customer_id, "name": "Logged in"} | fields
