from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from benchmarks.baselines.drf.models import Customer, Event

UPSERTED = [
    "name",
    "email",
    "plan",
    "monthly_payment_amount",
    "location",
    "phone_number",
    "organisation_id",
]
UPSERTED += ["custom_attributes", "updated_at"]


class UnixTimeField(serializers.IntegerField):
    """Unix seconds outside, a datetime inside."""

    def to_internal_value(self, data: Any) -> Any:
        return datetime.fromtimestamp(super().to_internal_value(data), UTC)

    def to_representation(self, value: Any) -> Any:
        return int(value.timestamp())


class EventListSerializer(serializers.ListSerializer):
    def create(self, validated_data: list[dict[str, Any]]) -> list[Event]:
        return Event.objects.bulk_create(
            [Event(**item) for item in validated_data], ignore_conflicts=True
        )


class EventSerializer(serializers.ModelSerializer):
    created_at = UnixTimeField(required=False)

    class Meta:
        model = Event
        fields = ["id", "customer_id", "name", "created_at", "custom_attributes"]
        list_serializer_class = EventListSerializer


class CustomerListSerializer(serializers.ListSerializer):
    def create(self, validated_data: list[dict[str, Any]]) -> list[Customer]:
        # Sorted, so that two batches never wait for each other's rows.
        customers = [
            Customer(**item)
            for item in sorted(validated_data, key=lambda item: item["customer_id"])
        ]
        return Customer.objects.bulk_create(
            customers,
            update_conflicts=True,
            unique_fields=["account", "customer_id"],
            update_fields=UPSERTED,
        )


class CustomerSerializer(serializers.ModelSerializer):
    created_at = UnixTimeField(required=False)

    class Meta:
        model = Customer
        fields = [
            "customer_id",
            "name",
            "created_at",
            "monthly_payment_amount",
            "location",
            "email",
        ]
        fields += ["phone_number", "organisation_id", "plan", "custom_attributes"]
        list_serializer_class = CustomerListSerializer

    def create(self, validated_data: dict[str, Any]) -> Customer:
        account, customer_id = validated_data.pop("account"), validated_data.pop("customer_id")
        customer, _ = Customer.objects.update_or_create(
            account=account, customer_id=customer_id, defaults=validated_data
        )
        return customer
