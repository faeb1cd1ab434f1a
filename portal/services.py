"""What the portal does to more than one app at once."""

from accounts.audit import Actor
from accounts.models import Account, User, account_owned_models
from accounts.services import close_account
from traitly.db.timeouts import slow_statements
from traitly.db.transactions import wait_for_running_transactions

# What a statement that began before the account was closed has to end: requests are answered sooner. What runs on after
# that is a backup or the like, which stores nothing.
_MAX_WAIT_SECONDS = 60


def delete_account(*, account: Account, actor: Actor) -> dict[str, int]:
    """Erase an account and all that it owns, in one transaction; gives how many of each kind are gone.

    Users who are in no other account go too, except operators. Before that the account is closed for good and what was
    being stored is waited for. If the erasure fails the account is there as it was, but closed: it can be erased again.
    """
    close_account(account=account, actor=actor)
    wait_for_running_transactions(seconds=_MAX_WAIT_SECONDS)
    with slow_statements():
        account = Account.objects.select_for_update().get(pk=account.pk)  # nobody joins meanwhile
        gone = {
            str(model._meta.verbose_name_plural): model._base_manager.filter(account=account).delete()[0]
            for model in account_owned_models()
        }
        elsewhere = User.objects.filter(memberships__account__in=Account.objects.exclude(id=account.pk))
        users = User.objects.filter(memberships__account=account, is_staff=False).exclude(id__in=elsewhere.values("id"))
        gone["API keys"] = account.api_keys.count()
        gone["users"] = users.count()
        users.delete()
        account.delete()  # with its keys, memberships, invitations and audit log
    return gone
