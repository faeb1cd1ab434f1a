"""Everything that writes the feed's tables, except what workers record (``feed.recording``)."""

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, keys
from accounts.audit import Actor
from accounts.models import Account, AuditEntry
from accounts.queries import OPEN_ACCOUNT
from accounts.services import OPERATOR
from feed.models import Attempt, Delivery, Webhook
from feed.positions import Position
from feed.signing import new_secret
from traitly.db.batches import delete_in_batches
from traitly.db.clock import ARRIVAL, settle

ERASURES_KEPT = datetime.timedelta(days=30)
SECRETS_OVERLAP = datetime.timedelta(days=1)
MAX_WEBHOOKS = 100  # per account

_ERASED = f"""
INSERT INTO feed_erasure AS stored (account_id, customer_id, erased_at)
SELECT %(account_id)s::bigint, %(customer_id)s, {ARRIVAL} WHERE {OPEN_ACCOUNT}
ON CONFLICT (account_id, customer_id) DO UPDATE SET erased_at = EXCLUDED.erased_at
"""


class TooManyWebhooksError(Exception):
    """The account has ``MAX_WEBHOOKS`` already."""


class NewWebhook(NamedTuple):
    """A webhook's row, and its secret."""

    row: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook({self.row.pk})"  # never the secret, because reprs end up in logs


def record_erasure(*, account_id: int, customer_id: str) -> None:
    """Keep, for a while, that a customer was erased. Runs in the transaction of ``erase_customer``.

    What webhooks have kept of the customer goes as well, except a request that is being retried:
    its receiver still gets it, and then ``customer.erased``.
    """
    text = orjson.dumps(customer_id)  # as it stands in bodies
    mine = {"webhook__account_id": account_id}
    with connection.cursor() as cursor:
        cursor.execute(_ERASED, {"account_id": account_id, "customer_id": customer_id})
    Attempt.objects.filter(body__contains=text.decode(), **mine).delete()
    Delivery.objects.filter(
        set_aside_at__isnull=False, **mine
    ).extra(  # a constant; for bytes there is no lookup
        where=["position(%s in body) > 0"], params=[text]
    ).delete()


def prune_erasures() -> int:
    """Delete erasures older than ``ERASURES_KEPT``; returns how many."""
    condition = "account_id = %(account_id)s AND erased_at < %(oldest)s"
    oldest = timezone.now() - ERASURES_KEPT
    return sum(
        delete_in_batches("feed_erasure", condition, {"account_id": account_id, "oldest": oldest})
        for account_id in Account.objects.values_list("id", flat=True)
    )


def create_webhook(
    *,
    account: Account,
    url: str,
    types: Iterable[str] = (),
    names: Iterable[str] = (),
    batch: int = 1,
    enabled: bool = True,
    actor: Actor = OPERATOR,
) -> NewWebhook:
    """Make a webhook, which reads the feed from now on. ``TooManyWebhooksError``."""
    position = Position.after(settle()).cursor
    secret = new_secret()
    with transaction.atomic():
        # Locked, so that two concurrent requests do not exceed the limit.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if account.webhooks.count() >= MAX_WEBHOOKS:
            raise TooManyWebhooksError
        row = Webhook.objects.create(
            account=account,
            url=url,
            types=sorted(set(types)),
            names=sorted(set(names)),
            batch=batch,
            enabled=enabled,
            position=position,
            secret=keys.encrypt(secret),
        )
        _record(row, actor, AuditEntry.Action.WEBHOOK_CREATED)
    return NewWebhook(row, secret)


@transaction.atomic
def update_webhook(
    *, account_id: int, webhook_id: Any, changes: dict[str, Any], actor: Actor = OPERATOR
) -> Webhook:
    """Change some of ``url``, ``types``, ``names``, ``batch`` and ``enabled``. ``Webhook.DoesNotExist``.

    A webhook that is enabled again continues at once where it stopped.
    """
    row = _locked(account_id, webhook_id)
    for name, value in changes.items():
        setattr(row, name, sorted(set(value)) if name in {"types", "names"} else value)
    if changes.get("enabled"):
        row.stopped, row.failing_since = "", None
        Delivery.objects.filter(webhook=row, set_aside_at=None).update(
            next_attempt_at=timezone.now(), failures=0
        )
    row.save(update_fields=[*changes, "stopped", "failing_since"])
    _record(row, actor, AuditEntry.Action.WEBHOOK_CHANGED, changed=sorted(changes))
    return row


@transaction.atomic
def delete_webhook(*, account_id: int, webhook_id: Any, actor: Actor = OPERATOR) -> Webhook:
    """Delete a webhook with its attempts and what it has set aside. ``Webhook.DoesNotExist``."""
    row = _locked(account_id, webhook_id)
    _record(row, actor, AuditEntry.Action.WEBHOOK_DELETED)
    pk = row.pk
    row.delete()
    row.pk = pk
    return row


@transaction.atomic
def reveal_secret(*, account_id: int, webhook_id: Any, actor: Actor) -> str:
    """A webhook's secret, for an owner. ``Webhook.DoesNotExist``, ``keys.UnreadableKeyError``."""
    row = _locked(account_id, webhook_id)
    secret = keys.decrypt(row.secret)
    _record(row, actor, AuditEntry.Action.WEBHOOK_SECRET_REVEALED)
    return secret


@transaction.atomic
def rotate_secret(*, account_id: int, webhook_id: Any, actor: Actor) -> str:
    """Make a new secret; the earlier one also signs for ``SECRETS_OVERLAP``. ``Webhook.DoesNotExist``."""
    row = _locked(account_id, webhook_id)
    secret = new_secret()
    row.earlier_secret, row.secret = row.secret, keys.encrypt(secret)
    row.earlier_secret_ends_at = timezone.now() + SECRETS_OVERLAP
    row.save(update_fields=["secret", "earlier_secret", "earlier_secret_ends_at"])
    _record(row, actor, AuditEntry.Action.WEBHOOK_SECRET_ROTATED)
    return secret


@transaction.atomic
def rewind_webhook(
    *, account_id: int, webhook_id: Any, since: datetime.datetime, actor: Actor = OPERATOR
) -> Webhook:
    """Send everything since a time again, with new ids, before anything else. ``Webhook.DoesNotExist``.

    A pending retry is dropped; it is sent again if it is from that time.
    """
    row = _locked(account_id, webhook_id)
    row.position = Position.before(since).cursor
    row.rewinds += 1
    row.save(update_fields=["position", "rewinds"])
    Delivery.objects.filter(webhook=row, set_aside_at=None).delete()
    _record(row, actor, AuditEntry.Action.WEBHOOK_REWOUND, since=since.isoformat())
    return row


@transaction.atomic
def request_test(*, account_id: int, webhook_id: Any) -> None:
    """Request a test entry, even for a disabled webhook. ``Webhook.DoesNotExist``."""
    row = _locked(account_id, webhook_id)
    row.test_requested_at = timezone.now()
    row.save(update_fields=["test_requested_at"])


@transaction.atomic
def resend(*, account_id: int, webhook_id: Any, delivery_id: Any) -> None:
    """Retry a delivery that was set aside, soon and once. ``Webhook.DoesNotExist``, ``Delivery.DoesNotExist``."""
    row = _locked(account_id, webhook_id)
    delivery = Delivery.objects.select_for_update().get(
        webhook=row, id=delivery_id, set_aside_at__isnull=False
    )
    delivery.next_attempt_at = timezone.now()
    delivery.save(update_fields=["next_attempt_at"])


def _locked(account_id: int, webhook_id: Any) -> Webhook:
    return (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(account_id=account_id, id=webhook_id)
    )


def _record(row: Webhook, actor: Actor, action: AuditEntry.Action, **detail: Any) -> None:
    audit.record(
        account=row.account, actor=actor, action=action, webhook=str(row.pk), url=row.url, **detail
    )
