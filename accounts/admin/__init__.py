"""The operators' view of accounts, team members and keys, and what the admin of every account's data is made of."""

from accounts.admin.accounts import AccountAdmin, MembershipFormSet
from accounts.admin.audit import AuditEntryAdmin, LogEntryAdmin
from accounts.admin.base import ModelAdmin, ReadOnlyAdmin, actor_of
from accounts.admin.keys import ApiKeyAdmin
from accounts.admin.owned import AccountFilter, AccountOwnedAdmin
from accounts.admin.users import AuthenticatorAdmin, EmailAddressAdmin, UserAdmin

__all__ = [
    "AccountAdmin",
    "AccountFilter",
    "AccountOwnedAdmin",
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "AuthenticatorAdmin",
    "EmailAddressAdmin",
    "LogEntryAdmin",
    "MembershipFormSet",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "UserAdmin",
    "actor_of",
]
