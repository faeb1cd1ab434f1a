"""Everything that reads rejections."""

import datetime
import uuid
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from rejections.models import Rejection


class Reason(NamedTuple):
    """Why items were refused: an error's code and field, one of its texts, and how many items have it."""

    kind: str
    code: str
    attr: str | None
    detail: str
    items: int

    @property
    def key(self) -> str:
        """What names it in an address."""
        return f"{self.kind}:{self.code}:{self.attr or ''}"


def newest(
    *, account_id: int, customer_id: str = "", name: str = "", name_part: str = "", reason: str = ""
) -> QuerySet[Rejection]:
    """The account's rejections that are not too old, newest first; of a customer, a name or part of one, a ``Reason.key``.

    To be sliced: it walks the primary key backwards, over at most about ``REJECTIONS_MOST_KEPT``
    rows.
    """
    rows = Rejection.objects.filter(account_id=account_id, received_at__gt=_oldest())
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if name:
        rows = rows.filter(name=name)
    if name_part:
        rows = rows.filter(name__icontains=name_part)
    if reason:
        kind, _, rest = reason.partition(":")
        code, _, attr = rest.partition(":")
        rows = rows.filter(kind=kind, errors__contains=[{"code": code, "attr": attr or None}])
    return rows.order_by("-id")


def find(*, account_id: int, rejection_id: uuid.UUID) -> Rejection | None:
    """The account's rejection with this id, or None."""
    return newest(account_id=account_id).filter(id=rejection_id).first()


def count_by_day(*, account_id: int) -> dict[datetime.date, int]:
    """How many of them were received on each day (UTC); reads at most about ``REJECTIONS_MOST_KEPT`` rows."""
    days = (
        newest(account_id=account_id)
        .order_by()
        .annotate(day=TruncDate("received_at", tzinfo=datetime.UTC))
    )
    return dict(days.values_list("day").annotate(count=Count("id")))


def reasons(*, account_id: int, limit: int) -> list[Reason]:
    """Why most of them were refused; reads at most about ``REJECTIONS_MOST_KEPT`` rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT kind, error ->> 'code', error ->> 'attr', min(error ->> 'detail'), count(DISTINCT id)
            FROM rejections_rejection, jsonb_array_elements(errors) AS error
            WHERE account_id = %s AND received_at > %s
            GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 2, 3 LIMIT %s
            """,
            [account_id, _oldest(), limit],
        )
        return [Reason(*row) for row in cursor.fetchall()]


def _oldest() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=settings.REJECTIONS_KEPT_DAYS)
