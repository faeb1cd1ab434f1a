from typing import Any

from django.db.models import QuerySet
from rest_framework import viewsets

from benchmarks.baselines.drf.models import Customer, Event
from benchmarks.baselines.drf.serializers import CustomerSerializer, EventSerializer


class AccountViewSet(viewsets.ModelViewSet):
    """One object or a list of them; only the account's own."""

    filters: tuple[str, ...] = ()

    def get_queryset(self) -> QuerySet[Any]:
        parameters = self.request.query_params
        chosen = {name: parameters[name] for name in self.filters if name in parameters}
        return super().get_queryset().filter(account=self.request.user, **chosen)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(kwargs.get("data"), list):
            kwargs["many"] = True
        return super().get_serializer(*args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        serializer.save(account=self.request.user)


class EventViewSet(AccountViewSet):
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filters = ("customer_id", "name")


class CustomerViewSet(AccountViewSet):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    filters = ("customer_id", "name", "plan")
