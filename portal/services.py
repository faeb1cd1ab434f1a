"""What the portal does to more than one app at once."""

import time

from django.conf import settings
from django.db import transaction

from accounts.models import Account, AccountOwned, ApiKey, User
from accounts.services import revoke_key


def delete_account(*, account: Account) -> dict[str, int]:
    """Erase an account and all that it owns, in one transaction; gives how many of each kind are gone.

    Users who are in no other account go too, except operators. The keys are revoked before that, in transactions of
    their own, and what they send is waited for as long as processes may believe them: a request after the erasure would
    leave events that nobody owns.
    """
    for key_id in ApiKey.objects.filter(account=account, revoked_at=None).values_list("id", flat=True):
        revoke_key(account_id=account.pk, key_id=key_id)
    time.sleep(settings.API_KEY_CACHE_SECONDS)
    with transaction.atomic():
        gone = {
            str(model._meta.verbose_name_plural): model._base_manager.filter(account=account).delete()[0]  # noqa: SLF001  documented
            for model in AccountOwned.__subclasses__()
        }
        elsewhere = User.objects.filter(memberships__account__in=Account.objects.exclude(id=account.pk))
        users = User.objects.filter(memberships__account=account, is_staff=False).exclude(id__in=elsewhere.values("id"))
        gone["API keys"] = account.api_keys.count()
        gone["users"] = users.count()
        users.delete()
        account.delete()  # with its keys, memberships, invitations and audit log
    return gone
