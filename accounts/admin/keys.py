"""API keys."""

import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts import services
from accounts.admin.base import ModelAdmin, actor_of
from accounts.models import Account, ApiKey


class StateFilter(admin.SimpleListFilter):
    """Keys that work, or those that do no more."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        ended = Q(expires_at__lte=timezone.now())
        conditions = {
            "active": Q(revoked_at=None) & ~ended,
            "expired": Q(revoked_at=None) & ended,
            "revoked": Q(revoked_at__isnull=False),
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices,
        initial=list(services.ALL_SCOPES),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def clean_account(self) -> Account:
        account: Account = self.cleaned_data["account"]
        if account.closed_at:
            raise ValidationError("This account is being erased.")
        return account


_OVERLAP = datetime.timedelta(
    hours=24
)  # in which an account puts the new key in the old one's place


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Operators see keys masked only, new ones too: their text is for the account's owners."""

    form = ApiKeyForm
    list_display = ("masked", "name", "account", "scopes", "state", "last_used_at", "expires_at")
    list_filter = (StateFilter,)
    list_select_related = ("account",)
    search_fields = ("=last_four", "name", "account__name")
    ordering = ("-id",)
    autocomplete_fields = ("account",)
    fields = ("account", "name", "scopes", "expires_at")
    shown = ("masked", "created_at", "last_used_at", "last_used_from", "revoked_at")
    actions = ("rotate", "expire", "revoke")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).defer("digest", "encrypted")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return (*self.fields, *self.shown) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return ("account", *self.shown) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a revoked key stays, so that one can see what it was."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool
    ) -> None:
        # What the form changed alone: the key may have been used or revoked since the form was
        # shown
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            services.change_key(
                account_id=obj.account_id, key_id=obj.pk, changes=changes, actor=actor_of(request)
            )
        else:
            row = services.create_key(
                account=obj.account,
                name=obj.name,
                scopes=obj.scopes,
                expires_at=obj.expires_at,
                actor=actor_of(request),
            ).row
            obj.pk, obj.last_four = row.pk, row.last_four
            self.message_user(request, "Only the account's owners can see a key's text.")

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.is_active:
            return "Active"
        return "Revoked" if key.revoked_at else "Expired"

    @admin.action(description="Revoke: stop for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = 0
        for key in queryset:
            if services.revoke_key(
                account_id=key.account_id, key_id=key.pk, actor=actor_of(request)
            ):
                self.log_change(request, key, "Revoked.")
                revoked += 1
        self.message_user(request, f"Revoked: {revoked}. They stop working within five seconds.")

    @admin.action(
        description="Rotate: create a new key; the old one works for another 24 hours",
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            try:
                new = services.rotate_key(
                    account_id=key.account_id,
                    key_id=key.pk,
                    overlap=_OVERLAP,
                    actor=actor_of(request),
                )
            except ApiKey.DoesNotExist:
                self.message_user(
                    request, f"{key} is not active: nothing to rotate.", messages.WARNING
                )
            else:
                self.log_change(request, key, f"Rotated: {new.row} follows.")
                self.message_user(
                    request, f"{new.row} follows {key}. The account's owners see its text."
                )

    @admin.action(description="Expire: stop in 24 hours", permissions=["change"])
    def expire(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        ends = timezone.now() + _OVERLAP
        expired = 0
        for key in queryset:
            if key.is_active and (key.expires_at is None or key.expires_at > ends):
                services.change_key(
                    account_id=key.account_id,
                    key_id=key.pk,
                    changes={"expires_at": ends},
                    actor=actor_of(request),
                )
                self.log_change(request, key, "Expires in 24 hours.")
                expired += 1
        self.message_user(request, f"Expire in 24 hours: {expired}.")
