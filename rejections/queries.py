"""Everything that reads rejections."""

import datetime
import uuid

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from rejections.models import Rejection


def newest(*, account_id: int, customer_id: str = "", name: str = "") -> QuerySet[Rejection]:
    """The account's rejections that are not too old, newest first, of one customer or name if given.

    To be sliced: it walks the primary key backwards, over at most about ``REJECTIONS_MOST_KEPT`` rows.
    """
    rows = Rejection.objects.filter(
        account_id=account_id, received_at__gt=timezone.now() - datetime.timedelta(days=settings.REJECTIONS_KEPT_DAYS)
    )
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if name:
        rows = rows.filter(name=name)
    return rows.order_by("-id")


def find(*, account_id: int, rejection_id: uuid.UUID) -> Rejection | None:
    """One of them."""
    return newest(account_id=account_id).filter(id=rejection_id).first()
