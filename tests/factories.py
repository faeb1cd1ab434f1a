"""Rows to start from. Tests name what matters to them; the rest is made up here."""

from typing import Any

import factory
from django.utils import timezone

from accounts.models import Account, Membership, User
from accounts.services import NewKey, create_key
from customers.models import Customer
from events.models import Event


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence("person{}@example.com".format)


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence("Company {}".format)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.OWNER


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    account = factory.SubFactory(AccountFactory)
    customer_id = factory.Sequence("customer-{}".format)
    name = "John Smith"
    email = factory.Sequence("customer{}@example.com".format)
    plan = "Starter"


class EventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Event

    account = factory.SubFactory(AccountFactory)
    id = factory.Sequence("event-{}".format)
    customer_id = "123"
    name = "Logged in"
    created_at = factory.LazyFunction(timezone.now)


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
