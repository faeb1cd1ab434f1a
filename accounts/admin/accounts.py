"""Accounts with their members and keys."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts import services
from accounts.admin.base import ModelAdmin, TabularInline, actor_of
from accounts.admin.owned import AccountOwnedAdmin
from accounts.models import Account, ApiKey, Membership


class MembershipFormSet(BaseInlineFormSet):
    """Refuses what would leave an account without an owner, as the portal does."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["user"].disabled = (
            form.instance.pk is not None
        )  # another person is another member
        for name, field in form.fields.items():  # in a table they have no labels of their own
            field.widget.attrs["aria-label"] = field.label or name

    def clean(self) -> None:
        super().clean()
        owned = any(
            form.initial.get("role") == Membership.Role.OWNER for form in self.initial_forms
        )
        left = [
            form.cleaned_data
            for form in self.forms
            if form.is_valid() and not form.cleaned_data.get("DELETE")
        ]
        if owned and not any(place.get("role") == Membership.Role.OWNER for place in left):
            raise ValidationError("The account must keep an owner.")


class MembershipInline(TabularInline):
    model = Membership
    verbose_name = "member"
    verbose_name_plural = "members"
    formset = MembershipFormSet
    autocomplete_fields = ("user",)
    extra = 0


class ApiKeyInline(TabularInline):
    model = ApiKey
    fields = readonly_fields = ("masked", "scopes", "last_used_at", "expires_at", "revoked_at")
    show_change_link = True
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).defer("digest", "encrypted").order_by("id")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # services make keys: see ApiKeyAdmin

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ModelAdmin):
    list_display = ("name", "id", "created_at", "data")
    search_fields = ("name", "=id", "=memberships__user__email")
    search_help_text = "A name, an id, or a member's email address"
    ordering = ("-id",)
    fields = (
        "name",
        "event_retention_days",
        "max_customers",
        "max_events_per_day",
        "created_at",
        "data",
    )
    readonly_fields = ("created_at", "data")
    inlines = (MembershipInline, ApiKeyInline)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the account's customers and events have no foreign key, and would be left without an owner."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Account, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        stored = Account.objects.get(pk=obj.pk)  # services write down what it was before
        if "name" in form.changed_data:
            services.rename_account(account=stored, name=obj.name, actor=actor_of(request))
        if "event_retention_days" in form.changed_data:
            services.set_retention(
                account=stored, days=obj.event_retention_days, actor=actor_of(request)
            )
        if {"max_customers", "max_events_per_day"}.intersection(form.changed_data):
            services.set_quotas(
                account=stored,
                max_customers=obj.max_customers,
                max_events_per_day=obj.max_events_per_day,
                actor=actor_of(request),
            )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members come and go by the services of the portal: owners first, so that one is there when another goes."""
        formset.save(commit=False)
        changed = [place for place, _ in formset.changed_objects]
        try:
            for place in formset.new_objects:
                services.add_member(
                    account=place.account, user=place.user, role=place.role, actor=actor_of(request)
                )
            for place in sorted(changed, key=lambda place: not place.is_owner):
                services.change_role(
                    account=place.account,
                    membership_id=place.pk,
                    role=place.role,
                    actor=actor_of(request),
                )
            for place in formset.deleted_objects:
                services.remove_member(
                    account=place.account, membership_id=place.pk, actor=actor_of(request)
                )
        except services.LastOwnerError:  # another owner went since the form was checked
            self.message_user(request, "The account must keep an owner.", messages.ERROR)

    @admin.display(description="data")
    def data(self, account: Account) -> SafeString | str:
        """Links to the lists of what the account owns."""
        if account.pk is None:
            return ""
        return format_html_join(
            " · ",
            '<a href="{}?account={}">{}</a>',
            (
                (
                    reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
                    account.pk,
                    opts.verbose_name_plural,
                )
                for owned in self.admin_site._registry.values()  # noqa: SLF001  get_model_admin() asks for one alone
                if isinstance(owned, AccountOwnedAdmin) and (opts := owned.opts)
            ),
        )
