"""Traitly's two tables, with the same columns and as many indexes."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()


class Event(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    # db_constraint and db_index are off because Traitly's table has neither a foreign key nor a
    # third index.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(auto_now_add=True)
    custom_attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "events_event"
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["account", "customer_id", "name", "created_at"], name="event_list")
        ]


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    email = models.EmailField()
    plan = models.CharField(max_length=255)
    monthly_payment_amount = models.DecimalField(
        max_digits=16, decimal_places=4, null=True, blank=True
    )
    location = models.CharField(max_length=255, null=True, blank=True)
    phone_number = models.CharField(max_length=255, null=True, blank=True)
    organisation_id = models.CharField(max_length=255, null=True, blank=True)
    custom_attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "customers_customer"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "customer_id"], name="customer_of_account")
        ]
