"""The audit log: who did what to an account, when and from where. Its owners see it in the portal."""

from typing import Any, NamedTuple

from accounts.models import Account, AuditEntry, User


class Actor(NamedTuple):
    """Who does something: a user, an API key by its ``name``, or neither for the system. ``ip`` may be unknown."""

    user: User | None = None
    ip: str | None = None
    name: str = ""


def record(*, account: Account, actor: Actor, action: AuditEntry.Action, **detail: Any) -> None:
    """Write an entry, in the transaction of the action it records, so that neither exists without the other.

    ``detail`` is JSON: names and numbers, never a secret.
    """
    AuditEntry.objects.create(
        account=account,
        actor_id=actor.user.pk if actor.user else None,
        actor_email=actor.user.email if actor.user else actor.name,
        action=action,
        detail=detail,
        ip=actor.ip,
    )
