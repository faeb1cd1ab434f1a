"""The operators' view of accounts, users and keys, and what the admin of every account's data is made of."""

import datetime
from typing import Any, ClassVar, cast

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Func, Model, QuerySet, TextField
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import audit, services
from accounts.audit import Actor
from accounts.client_ip import client_ip
from accounts.models import Account, ApiKey, AuditEntry, Membership, User


def _actor(request: HttpRequest) -> Actor:
    """Who an account's audit log says did it."""
    return Actor(cast("User", request.user), client_ip(request.META))


class MembershipFormSet(BaseInlineFormSet):
    """Refuses what would leave an account without an owner, as the portal does."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["user"].disabled = form.instance.pk is not None  # another person is another member

    def clean(self) -> None:
        super().clean()
        owned = any(form.initial.get("role") == Membership.Role.OWNER for form in self.initial_forms)
        left = [form.cleaned_data for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        if owned and not any(place.get("role") == Membership.Role.OWNER for place in left):
            raise ValidationError("The account must keep an owner.")


class MembershipInline(admin.TabularInline):
    model = Membership
    formset = MembershipFormSet
    autocomplete_fields = ("user",)
    extra = 0


class ApiKeyInline(admin.TabularInline):
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
class AccountAdmin(admin.ModelAdmin):
    list_display = ("name", "id", "created_at", "data")
    search_fields = ("name",)
    ordering = ("-id",)
    fields = ("name", "event_retention_days", "max_customers", "max_events_per_day", "created_at", "data")
    readonly_fields = ("created_at", "data")
    inlines = (MembershipInline, ApiKeyInline)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the account's customers and events have no foreign key, and would be left without an owner."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: forms.ModelForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        stored = Account.objects.get(pk=obj.pk)  # services write down what it was before
        if "name" in form.changed_data:
            services.rename_account(account=stored, name=obj.name, actor=_actor(request))
        if "event_retention_days" in form.changed_data:
            services.set_retention(account=stored, days=obj.event_retention_days, actor=_actor(request))
        if {"max_customers", "max_events_per_day"}.intersection(form.changed_data):
            services.set_quotas(
                account=stored,
                max_customers=obj.max_customers,
                max_events_per_day=obj.max_events_per_day,
                actor=_actor(request),
            )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members come and go by the services of the portal: owners first, so that one is there when another goes."""
        formset.save(commit=False)
        changed = [place for place, _ in formset.changed_objects]
        try:
            for place in formset.new_objects:
                services.add_member(account=place.account, user=place.user, role=place.role, actor=_actor(request))
            for place in sorted(changed, key=lambda place: not place.is_owner):
                services.change_role(
                    account=place.account, membership_id=place.pk, role=place.role, actor=_actor(request)
                )
            for place in formset.deleted_objects:
                services.remove_member(account=place.account, membership_id=place.pk, actor=_actor(request))
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
                (reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"), account.pk, opts.verbose_name_plural)
                for owned in self.admin_site._registry.values()  # noqa: SLF001  get_model_admin() asks for one alone
                if isinstance(owned, AccountOwnedAdmin) and (opts := owned.opts)
            ),
        )


class UserCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    add_form = UserCreationForm
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nobody who is an account's only owner can be deleted: memberships go along."""
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        alone = services.accounts_owned_by_none_but([user.pk for user in objs])
        return deleted, counts, forbidden, [*protected, *(f"The only owner of {account}" for account in alone)]


admin.site.unregister(Authenticator)  # allauth's own shows the secret, from which anyone can make the codes


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):
    """Operators see who has a second factor, and take it away from who has lost it."""

    list_display = fields = ("user", "type", "created_at", "last_used_at")
    search_fields = ("user__email",)
    list_filter = ("type",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices,
        initial=list(services.ALL_SCOPES),
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_account(self) -> Account:
        account: Account = self.cleaned_data["account"]
        if account.closed_at:
            raise ValidationError("This account is being erased.")
        return account


_OVERLAP = datetime.timedelta(hours=24)  # in which an account puts the new key in the old one's place


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Operators see keys masked only, new ones too: their text is for the account's owners."""

    form = ApiKeyForm
    list_display = ("masked", "name", "account", "scopes", "active", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("=last_four", "name", "account__name")
    ordering = ("-id",)
    autocomplete_fields = ("account",)
    fields = ("account", "name", "scopes", "expires_at")
    shown = ("masked", "created_at", "last_used_at", "last_used_from", "revoked_at")
    actions = ("revoke", "rotate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).defer("digest", "encrypted")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return (*self.fields, *self.shown) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return ("account", *self.shown) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a revoked key stays, so that one can see what it was."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        if change:  # what the form changed alone: the key may have been used or revoked since the form was shown
            obj.save(update_fields=form.changed_data)
            changed = {name: str(form.cleaned_data[name]) for name in form.changed_data if name != "name"}
            action = AuditEntry.Action.KEY_CHANGED
            detail = {"key": obj.masked, "name": obj.name} | changed
            audit.record(account=obj.account, actor=_actor(request), action=action, **detail)
        else:
            row = services.create_key(
                account=obj.account,
                name=obj.name,
                scopes=obj.scopes,
                expires_at=obj.expires_at,
                actor=_actor(request),
            ).row
            obj.pk, obj.last_four = row.pk, row.last_four
            self.message_user(request, "Only the account's owners can see a key's text.")

    @admin.display(description="active", boolean=True)
    def active(self, key: ApiKey) -> bool:
        return key.is_active

    @admin.action(description="Revoke: stop for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = 0
        for key in queryset:
            if services.revoke_key(account_id=key.account_id, key_id=key.pk, actor=_actor(request)):
                self.log_change(request, key, "Revoked.")
                revoked += 1
        self.message_user(request, f"Revoked: {revoked}. They stop working within five seconds.")

    @admin.action(
        description="Rotate: create a new key; the old one works for another 24 hours", permissions=["change"]
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            try:
                new = services.rotate_key(
                    account_id=key.account_id, key_id=key.pk, overlap=_OVERLAP, actor=_actor(request)
                )
            except ApiKey.DoesNotExist:
                self.message_user(request, f"{key} is not active: nothing to rotate.", messages.WARNING)
            else:
                self.log_change(request, key, f"Rotated: {new.row} follows.")
                self.message_user(request, f"{new.row} follows {key}. The account's owners see its text.")


class AccountFilter(admin.SimpleListFilter):
    """One account's rows. Offers the newest accounts; of the others, the one that the address already names."""

    title = "account"
    parameter_name = "account"
    offered = 20

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        accounts = dict(Account.objects.order_by("-id")[: self.offered].values_list("id", "name"))
        if chosen := _account_id(request):
            accounts |= dict(Account.objects.filter(id=chosen).values_list("id", "name"))
        return [(str(account_id), f"{name} ({account_id})") for account_id, name in accounts.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        chosen = _account_id(request)
        return queryset if chosen is None else queryset.filter(account_id=chosen)


def _account_id(request: HttpRequest) -> int | None:
    """The account that the address of a list names."""
    text = request.GET.get(AccountFilter.parameter_name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise IncorrectLookupParameters
    return int(text)


class _BoundedPaginator(Paginator):
    """Counts no further than ``most``: counting all of a large table takes seconds, and so does a page far behind."""

    most = 1000

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Model]", self.object_list)
        return rows[: self.most].count()


class _AccountOwnedList(ChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change",
            args=(quote(f"{result.account_id}:{result.pk}"),),
        )


class AccountOwnedAdmin(admin.ModelAdmin):
    """The admin of a table that may have ten million rows, whose ids are unique only within an account.

    Every list is read in the order of an index, without a count of all; a search is one account's. A row's address has
    ``account_id:id``.
    """

    list_filter: ClassVar[Any] = (AccountFilter,)
    list_per_page = 100
    list_select_related = ()  # a join could lure the planner away from the order of the index: see get_queryset()
    sortable_by = ()  # by a column without an index, the database would sort the table
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they are counts
    paginator = _BoundedPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _AccountOwnedList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("custom_attributes").prefetch_related("account")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        account_id, _, row_id = object_id.partition(":")
        if not account_id.isascii() or not account_id.isdigit() or "\0" in row_id:
            return None
        rows = self.get_queryset(request).annotate(
            # PostgreSQL's own text: Python would round numbers, and refuses integers of 4,300 digits.
            attributes_text=Func(F("custom_attributes"), function="jsonb_pretty", output_field=TextField())
        )
        try:
            return rows.filter(account_id=int(account_id), pk=row_id).first()
        except ValidationError:  # the id is no UUID
            return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if _account_id(request) is None:
            self.message_user(request, "Choose an account first: a search covers one account.", messages.WARNING)
            return queryset.none(), False
        return self.search(queryset, term), False

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows, all of one account, that the term finds by an index."""
        raise NotImplementedError

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        subtitle = f"A list ends after {_BoundedPaginator.most:,} rows. Choose an account, then search in it."
        return super().changelist_view(request, {"subtitle": subtitle, **(extra_context or {})})

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_change(request, obj, message)
        entry.object_id = f"{obj.account_id}:{obj.pk}"
        entry.save(update_fields=["object_id"])
        return entry

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: erasing a customer takes the events along, and is the API's."""
        return False

    @admin.display(description="custom attributes")
    def attributes(self, row: Any) -> SafeString:
        return format_html('<pre style="margin: 0; white-space: pre-wrap">{}</pre>', row.attributes_text)
