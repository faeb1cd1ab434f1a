"""Team members and how they sign in."""

from typing import Any

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.forms import UserCreationForm as UnfoldUserCreationForm

from accounts import services
from accounts.admin.base import ModelAdmin
from accounts.models import User

# Here as this project wants them: Groups are not used; allauth's admin of second factors shows the
# secret, from which anyone can make the codes.
for replaced in (Group, EmailAddress, Authenticator):
    admin.site.unregister(replaced)


class UserCreationForm(UnfoldUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    change_password_form = AdminPasswordChangeForm
    add_form = UserCreationForm
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    filter_horizontal = ()  # two lists beside each other are wider than the page
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nobody who is an account's only owner can be deleted: memberships go along."""
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        alone = services.accounts_owned_by_none_but([user.pk for user in objs])
        return (
            deleted,
            counts,
            forbidden,
            [*protected, *(f"The only owner of {account}" for account in alone)],
        )


@admin.register(EmailAddress)
class EmailAddressAdmin(AllauthEmailAddressAdmin, ModelAdmin):
    """Which addresses are proven."""

    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(ModelAdmin):
    """Operators see who has a second factor, and take it away from who has lost it."""

    list_display = fields = ("user", "type", "created_at", "last_used_at")
    search_fields = ("user__email",)
    list_filter = ("type",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
