"""Everything that writes what the feed keeps, but for what workers do."""

from django.db import connection

from accounts.queries import OPEN_ACCOUNT
from traitly.db.clock import ARRIVAL

_ERASED = f"""
INSERT INTO feed_erasure AS stored (account_id, customer_id, erased_at)
SELECT %(account_id)s::bigint, %(customer_id)s, {ARRIVAL} WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id, customer_id) DO UPDATE SET erased_at = EXCLUDED.erased_at
"""


def record_erasure(*, account_id: int, customer_id: str) -> None:
    """Keep, for a while, that a customer was erased. Runs in the transaction of ``erase_customer``."""
    with connection.cursor() as cursor:
        cursor.execute(_ERASED, {"account_id": account_id, "customer_id": customer_id})
