"""What the admin of every table has in common."""

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from accounts.audit import Actor
from accounts.client_ip import client_ip

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["ModelAdmin", "ReadOnlyAdmin", "TabularInline", "actor_of"]


def actor_of(request: HttpRequest) -> Actor:
    """Who an account's audit log says did it."""
    return Actor(cast("User", request.user), client_ip(request.META))


class ReadOnlyAdmin(ModelAdmin):
    """To look at, not to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
