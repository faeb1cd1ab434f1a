"""What the portal does to more than one app at once."""

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Account, AuditEntry, User, account_owned_models
from accounts.services import close_account
from customers.aliases import delete_alias
from customers.queries import change_times
from events.queries import stored_event_ids
from rejections import queries as rejections
from rejections.models import Rejection
from rejections.services import discard_rejections
from traitly.db.timeouts import slow_statements
from traitly.db.transactions import wait_for_running_transactions

# What a statement that began before the account was closed has to end: requests are answered
# sooner. What runs on after that is a backup or the like, which stores nothing.
_MAX_WAIT_SECONDS = 60


_MAX_LOOKED_AT = (
    1_000  # rejections, the newest, of which it is asked whether what they hold has come since
)


def discard_stored(*, account_id: int) -> int:
    """Discard what was refused where its event's id, or its customer, was stored since; gives how many.

    Asked when somebody looks, so that storing costs nothing for it.
    """
    newest = rejections.newest(account_id=account_id).values_list(
        "id", "kind", "item_id", "customer_id", "received_at"
    )
    rows = newest[:_MAX_LOOKED_AT]
    event_ids = {
        item_id for _, kind, item_id, _, _ in rows if kind == Rejection.Kind.EVENT and item_id
    }
    customer_ids = {one for _, kind, _, one, _ in rows if kind == Rejection.Kind.CUSTOMER and one}
    events = stored_event_ids(account_id=account_id, event_ids=event_ids) if event_ids else set()
    customers = (
        change_times(account_id=account_id, customer_ids=customer_ids) if customer_ids else {}
    )
    gone = [
        rejection_id
        for rejection_id, kind, item_id, customer_id, received_at in rows
        if (kind == Rejection.Kind.EVENT and item_id in events)
        or (
            kind == Rejection.Kind.CUSTOMER
            and customer_id in customers
            and customers[customer_id] > received_at
        )
    ]
    return discard_rejections(account_id=account_id, rejection_ids=gone) if gone else 0


@transaction.atomic
def separate_ids(*, account: Account, customer_id: str, previous_id: str, actor: Actor) -> bool:
    """Take an id from a customer again, and record who did; False if it is none of the customer's."""
    if (
        delete_alias(account_id=account.pk, customer_id=customer_id, previous_id=previous_id)
        is None
    ):
        return False
    action = AuditEntry.Action.IDS_SEPARATED
    audit.record(
        account=account,
        actor=actor,
        action=action,
        customer_id=customer_id,
        previous_id=previous_id,
    )
    return True


def delete_account(*, account: Account, actor: Actor) -> dict[str, int]:
    """Erase an account and all that it owns, in one transaction; gives how many of each kind are gone.

    Users who are in no other account go too, except operators. Before that the account is closed
    for good and what was being stored is waited for. If the erasure fails the account is there as
    it was, but closed: it can be erased again.
    """
    close_account(account=account, actor=actor)
    wait_for_running_transactions(seconds=_MAX_WAIT_SECONDS)
    with slow_statements():
        account = Account.objects.select_for_update().get(pk=account.pk)  # nobody joins meanwhile
        gone = {
            str(model._meta.verbose_name_plural): model._base_manager.filter(
                account=account
            ).delete()[0]
            for model in account_owned_models()
        }
        elsewhere = User.objects.filter(
            memberships__account__in=Account.objects.exclude(id=account.pk)
        )
        users = User.objects.filter(memberships__account=account, is_staff=False).exclude(
            id__in=elsewhere.values("id")
        )
        gone["API keys"] = account.api_keys.count()
        gone["users"] = users.count()
        users.delete()
        account.delete()  # with its keys, memberships, invitations and audit log
    return gone
