"""Everything that workers write: who serves which webhook, its position, what failed. Every write is fenced by the lease."""

import datetime
import os
import socket
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry
from accounts.services import OPERATOR
from feed.models import Attempt, Chore, Delivery, Webhook, Worker
from feed.sending import SendResult

LEASE_SECONDS = 5
_FORGOTTEN_AFTER = datetime.timedelta(minutes=10)
KEPT_ATTEMPTS = 100  # of a webhook
# Seconds after which a failed request is retried; it is set aside when all retries have failed.
RETRIES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
GIVE_UP_AFTER = datetime.timedelta(days=5)

# What it has it keeps, also where a row is locked for a moment: by itself, which writes down how
# far it is.
_RENEW = f"""
UPDATE feed_webhook SET leased_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
WHERE worker = %(worker)s AND (enabled OR test_requested_at IS NOT NULL) RETURNING id
"""
_CLAIM = f"""
UPDATE feed_webhook SET worker = %(worker)s, leased_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
WHERE id IN (
    SELECT id FROM feed_webhook WHERE (enabled OR test_requested_at IS NOT NULL)
        AND (worker IS NULL OR (worker <> %(worker)s AND leased_until < clock_timestamp()))
    ORDER BY id LIMIT %(number)s FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_RELEASE = "UPDATE feed_webhook SET worker = NULL WHERE worker = %(worker)s AND NOT id = ANY(%(kept)s::uuid[])"
_MOVE = """
UPDATE feed_webhook AS stored SET position = moved.position, failing_since = NULL
FROM unnest(%(ids)s::uuid[], %(positions)s::text[], %(rewinds)s::int[]) AS moved (id, position, rewinds)
WHERE stored.id = moved.id AND stored.rewinds = moved.rewinds AND stored.worker = %(worker)s
"""
_PRUNE = """
DELETE FROM feed_attempt USING (
    SELECT id AS webhook_id, (
        SELECT id FROM feed_attempt WHERE webhook_id = feed_webhook.id ORDER BY id DESC OFFSET %(kept)s LIMIT 1
    ) AS last FROM feed_webhook
) AS old WHERE feed_attempt.webhook_id = old.webhook_id AND feed_attempt.id <= old.last
"""


class Moved(NamedTuple):
    """How far a webhook is, in the count of its rewinds in which it got there."""

    webhook_id: uuid.UUID
    position: str
    rewinds: int


def heartbeat(worker: uuid.UUID, started_at: datetime.datetime) -> None:
    """Record that the worker is alive."""
    now = timezone.now()
    Worker.objects.update_or_create(
        id=worker,
        defaults={"seen_at": now},
        create_defaults={
            "host": socket.gethostname()[:255],
            "pid": os.getpid(),
            "started_at": started_at,
            "seen_at": now,
        },
    )
    Worker.objects.filter(seen_at__lt=now - _FORGOTTEN_AFTER).delete()


def claim(worker: uuid.UUID) -> list[Webhook]:
    """Renew the worker's leases and take unserved webhooks, up to its share; returns those that it serves."""
    now = timezone.now()
    alive = Worker.objects.filter(
        seen_at__gt=now - datetime.timedelta(seconds=LEASE_SECONDS)
    ).count()
    wanted = Webhook.objects.filter(Q(enabled=True) | Q(test_requested_at__isnull=False)).count()
    share = -(-wanted // max(1, alive))
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"worker": worker})
        kept = sorted(row_id for (row_id,) in cursor.fetchall())[:share]
        if len(kept) < share:
            cursor.execute(_CLAIM, {"worker": worker, "number": share - len(kept)})
            kept += [row_id for (row_id,) in cursor.fetchall()]
        cursor.execute(_RELEASE, {"worker": worker, "kept": kept})
    return list(Webhook.objects.filter(id__in=kept))


def release(worker: uuid.UUID) -> None:
    """Release everything, so that other workers continue at once."""
    Webhook.objects.filter(worker=worker).update(worker=None)
    Worker.objects.filter(id=worker).delete()


def move(worker: uuid.UUID, moved: Sequence[Moved], attempts: Sequence[Attempt]) -> None:
    """Record the webhooks' positions and what was sent."""
    with transaction.atomic(), connection.cursor() as cursor:
        ids, positions, rewinds = zip(*moved, strict=True) if moved else ((), (), ())
        cursor.execute(
            _MOVE,
            {
                "ids": list(ids),
                "positions": list(positions),
                "rewinds": list(rewinds),
                "worker": worker,
            },
        )
        known = set(
            Webhook.objects.filter(id__in={each.webhook_id for each in attempts}).values_list(
                "id", flat=True
            )
        )
        Attempt.objects.bulk_create([each for each in attempts if each.webhook_id in known])


def prune_attempts() -> int:
    """Delete all but the last ``KEPT_ATTEMPTS`` attempts of each webhook; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, {"kept": KEPT_ATTEMPTS})
        pruned: int = cursor.rowcount
    return pruned


@transaction.atomic
def record_failure(
    worker: uuid.UUID, delivery: Delivery, result: SendResult, delay: float
) -> Webhook | None:
    """Keep a request that failed, to be tried again after ``delay`` seconds; None without the lease.

    What has failed through all retries is set aside, and the position moves on. What was set aside
    before stays so. A webhook whose receiver is gone, or has done nothing but fail for days, is
    switched off.
    """
    webhook = (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(id=delivery.webhook_id, worker=worker)
        .first()
    )
    if webhook is None:
        return None
    now = timezone.now()
    delivery.status, delivery.answer = result.status, result.text
    delivery.failures = min(delivery.failures, len(RETRIES) + 1)
    delivery.next_attempt_at = now + datetime.timedelta(seconds=delay)
    webhook.failing_since = webhook.failing_since or now
    if delivery.set_aside_at:
        delivery.next_attempt_at = None
    elif result.status == HTTPStatus.GONE:
        _switch_off(webhook, Webhook.Stopped.GONE)
    elif now - webhook.failing_since >= GIVE_UP_AFTER:
        _switch_off(webhook, Webhook.Stopped.FAILING)
    elif delivery.failures > len(RETRIES):
        delivery.set_aside_at, delivery.next_attempt_at = now, None
        webhook.position = delivery.end
    webhook.save(update_fields=["position", "failing_since", "enabled", "stopped"])
    delivery.save()
    return webhook


@transaction.atomic
def record_success(worker: uuid.UUID, delivery: Delivery) -> bool:
    """Forget a request that has succeeded at last; the position moves on, unless it had been set aside."""
    rows = Webhook.objects.filter(id=delivery.webhook_id, worker=worker)
    moved = {} if delivery.set_aside_at else {"position": delivery.end}
    kept = rows.update(failing_since=None, **moved)
    if kept:
        Delivery.objects.filter(id=delivery.pk).delete()
    return bool(kept)


def test_is_done(webhook: Webhook) -> None:
    """Clear the request for a test, unless there is a newer one."""
    Webhook.objects.filter(id=webhook.pk, test_requested_at=webhook.test_requested_at).update(
        test_requested_at=None
    )


def due(worker: uuid.UUID) -> list[Delivery]:
    """What is to be tried again of the worker's webhooks, sooner or later; what was set aside if somebody asked."""
    rows = Delivery.objects.filter(webhook__worker=worker).exclude(next_attempt_at=None)
    return list(rows.order_by(F("set_aside_at").asc(nulls_first=True), "created_at"))


def owners(webhook: Webhook) -> list[str]:
    """The email addresses of the account's owners."""
    places = webhook.account.memberships.filter(role="owner", user__is_active=True)
    return list(places.values_list("user__email", flat=True))


def begin_chore(name: str, every: datetime.timedelta) -> bool:
    """Whether this worker should do it now; of several that ask, one."""
    now = timezone.now()
    _, made = Chore.objects.get_or_create(name=name, defaults={"started_at": now})
    return made or bool(
        Chore.objects.filter(name=name, started_at__lt=now - every).update(started_at=now)
    )


def _switch_off(webhook: Webhook, why: Webhook.Stopped) -> None:
    webhook.enabled, webhook.stopped = False, why
    audit.record(
        account=webhook.account,
        actor=OPERATOR,
        action=AuditEntry.Action.WEBHOOK_STOPPED,
        webhook=str(webhook.pk),
        url=webhook.url,
        reason=why.label,
    )
