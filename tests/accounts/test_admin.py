import datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from accounts.models import Account, ApiKey, AuditEntry, Membership, User
from tests.client import Api
from tests.factories import AccountFactory, MembershipFactory, UserFactory, make_key

pytestmark = pytest.mark.usefixtures("acme")

KEYS = "/admin/accounts/apikey/"


def _inlines(*prefixes: str) -> dict[str, str]:
    """The hidden fields of inlines without rows."""
    return {f"{prefix}-{name}_FORMS": "0" for prefix in prefixes for name in ("TOTAL", "INITIAL")}


def test_the_admin_is_for_operators(client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get("/admin/").status_code == 302


def test_a_user_is_made_with_an_email_in_lower_case(operator: Client) -> None:
    form = {"email": "New@Example.com", "usable_password": "false"} | _inlines()
    assert operator.post("/admin/accounts/user/add/", form).status_code == 302
    assert not User.objects.get(email="new@example.com").has_usable_password()


def test_an_email_that_is_taken_in_another_case_is_refused(operator: Client) -> None:
    UserFactory.create(email="taken@example.com")
    response = operator.post(
        "/admin/accounts/user/add/", {"email": "TAKEN@example.com", "usable_password": "false"}
    )
    assert "already exists" in response.content.decode()
    assert response.status_code == 200


def test_users_are_found_by_email_and_shown(operator: Client) -> None:
    user = UserFactory.create(email="found@example.com")
    assert "found@example.com" in operator.get("/admin/accounts/user/?q=found").content.decode()
    assert operator.get(f"/admin/accounts/user/{user.pk}/change/").status_code == 200


def test_a_second_factor_is_seen_and_taken_away_but_its_secret_is_not(operator: Client) -> None:
    user = UserFactory.create(email="careful@example.com")
    secret = auth.generate_totp_secret()
    factor = auth.TOTP.activate(user, secret).instance
    address = f"/admin/mfa/authenticator/{factor.pk}"

    for path in ("/admin/mfa/authenticator/?q=careful", f"{address}/change/"):
        page = operator.get(path).content.decode()
        assert "careful@example.com" in page
        assert secret not in page
        assert "secret" not in page
    assert operator.get("/admin/mfa/authenticator/add/").status_code == 403
    assert (
        operator.post(
            f"{address}/change/", {"user": user.pk, "type": "totp", "data": "{}"}
        ).status_code
        == 403
    )
    assert operator.post(f"{address}/delete/", {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.exists()


def test_an_account_shows_members_and_masked_keys(operator: Client, acme: Account) -> None:
    MembershipFactory.create(account=acme, user=UserFactory.create(email="owner@example.com"))
    new = make_key(acme)
    page = operator.get(f"/admin/accounts/account/{acme.pk}/change/").content.decode()
    assert "owner@example.com" in page
    assert new.row.masked in page
    assert new.key not in page
    assert f"/admin/customers/customer/?account={acme.pk}" in page
    assert f"/admin/events/event/?account={acme.pk}" in page


def test_an_account_gets_a_member(operator: Client, acme: Account) -> None:
    user = UserFactory.create()
    form = _inlines("memberships", "api_keys") | {
        "name": "Acme Ltd",
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-user": str(user.pk),
        "memberships-0-role": "owner",
    }
    assert operator.post(f"/admin/accounts/account/{acme.pk}/change/", form).status_code == 302
    assert Membership.objects.get(account__name="Acme Ltd", role="owner").user == user
    entry = AuditEntry.objects.get(account=acme, action="member.joined")
    assert entry.detail == {"email": user.email, "role": "owner"}
    assert str(entry.actor_id) == operator.session["_auth_user_id"]


def test_an_accounts_log_tells_of_roles_and_removals(operator: Client, acme: Account) -> None:
    make_key(acme)
    AuditEntry.objects.all().delete()
    promoted = MembershipFactory.create(account=acme, user=UserFactory.create(), role="member")
    removed = MembershipFactory.create(account=acme, user=UserFactory.create(), role="owner")
    form = _inlines("memberships", "api_keys") | {"name": acme.name}
    form |= {
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "2",
        "memberships-1-DELETE": "on",
    }
    for number, place in enumerate([promoted, removed]):
        form |= {f"memberships-{number}-{name}": str(value) for name, value in (
            ("id", place.pk), ("account", acme.pk), ("user", place.user_id), ("role", "owner"),
        )}  # fmt: skip
    assert operator.post(f"/admin/accounts/account/{acme.pk}/change/", form).status_code == 302
    entries = (
        AuditEntry.objects.filter(account=acme)
        .order_by("id")
        .values_list("action", "detail__email")
    )
    assert list(entries) == [
        ("member.role_changed", promoted.user.email),
        ("member.removed", removed.user.email),
    ]


@pytest.mark.parametrize("address", ["{account}/delete/", ""])
def test_an_account_cannot_be_deleted(operator: Client, acme: Account, address: str) -> None:
    operator.post(
        f"/admin/accounts/account/{address.format(account=acme.pk)}",
        {"post": "yes", "action": "delete_selected", "_selected_action": acme.pk},
    )
    assert Account.objects.filter(pk=acme.pk).exists()


def test_no_page_shows_more_of_a_key_than_its_mask(operator: Client, acme: Account) -> None:
    new = make_key(acme)
    for address in (KEYS, f"{KEYS}?q={new.row.last_four}", f"{KEYS}{new.row.pk}/change/"):
        page = operator.get(address).content.decode()
        assert new.row.masked in page
        for secret in (
            new.key,
            new.key[8:20],
            new.row.digest.hex(),
            bytes(new.row.encrypted).decode(),
        ):
            assert secret not in page


def test_a_key_is_made_without_showing_its_text(operator: Client, acme: Account) -> None:
    form = {
        "account": acme.pk,
        "name": "Made here",
        "scopes": ["read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    page = operator.post(f"{KEYS}add/", form, follow=True).content.decode()
    row = ApiKey.objects.get(name="Made here")
    key = keys.decrypt(row.encrypted)
    assert (row.account, row.scopes) == (acme, ["read"])
    assert row.masked in page
    assert key not in page
    assert Api(key).get("customer").status == 200
    assert Api(key).post("customer", {}).status == 403


def test_a_key_needs_a_scope(operator: Client, acme: Account) -> None:
    response = operator.post(f"{KEYS}add/", {"account": acme.pk, "name": "No scope"})
    assert "This field is required" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_changing_a_key_leaves_what_happened_to_it_meanwhile(
    operator: Client, acme: Account
) -> None:
    row = make_key(acme).row
    form = {"name": "Renamed", "scopes": ["read", "write"], "expires_at_0": "", "expires_at_1": ""}
    ApiKey.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    assert operator.post(f"{KEYS}{row.pk}/change/", form).status_code == 302
    row.refresh_from_db()
    assert row.name == "Renamed"
    assert row.revoked_at is not None


def test_an_accounts_log_tells_what_a_key_was_allowed(operator: Client, acme: Account) -> None:
    row = make_key(acme, scopes=["read"]).row
    form = {"name": row.name, "scopes": ["read", "write"], "expires_at_0": "", "expires_at_1": ""}
    operator.post(f"{KEYS}{row.pk}/change/", form)
    entry = AuditEntry.objects.get(account=acme, action="key.changed")
    assert entry.detail == {"key": row.masked, "name": row.name, "scopes": "['read', 'write']"}


def test_revoking_stops_keys(operator: Client, acme: Account) -> None:
    new = make_key(acme)
    gone = make_key(acme, expires_at=timezone.now()).row
    response = operator.post(
        KEYS, {"action": "revoke", "_selected_action": [new.row.pk, gone.pk]}, follow=True
    )
    assert Api(new.key).get("customer").status == 401
    assert "Revoked: 2." in response.content.decode()
    assert LogEntry.objects.filter(object_id=new.row.pk, change_message="Revoked.").exists()


def test_rotating_makes_a_key_like_the_old_which_works_for_a_day(
    operator: Client, acme: Account
) -> None:
    old = make_key(acme, name="Backend", scopes=["read"])
    page = operator.post(
        KEYS, {"action": "rotate", "_selected_action": [old.row.pk]}, follow=True
    ).content.decode()
    new = ApiKey.objects.exclude(pk=old.row.pk).get(account=acme)
    old.row.refresh_from_db()
    assert (new.name, new.scopes) == ("Backend", ["read"])
    assert keys.decrypt(new.encrypted) not in page
    assert new.masked in page
    assert old.row.expires_at is not None
    assert (
        datetime.timedelta(hours=23)
        < old.row.expires_at - timezone.now()
        <= datetime.timedelta(hours=24)
    )
    assert Api(old.key).get("customer").status == 200


def test_a_revoked_key_is_not_rotated(operator: Client, acme: Account) -> None:
    row = make_key(acme).row
    ApiKey.objects.update(revoked_at=timezone.now())
    response = operator.post(KEYS, {"action": "rotate", "_selected_action": [row.pk]}, follow=True)
    assert "is not active" in response.content.decode()
    assert ApiKey.objects.count() == 1


def test_a_key_cannot_be_deleted(operator: Client, acme: Account) -> None:
    row = make_key(acme).row
    assert operator.post(f"{KEYS}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiKey.objects.filter(pk=row.pk).exists()


def test_the_lists_of_accounts_and_keys_take_few_queries(
    operator: Client, django_assert_max_num_queries
) -> None:
    for _ in range(5):
        make_key(AccountFactory.create())
    for address in (
        reverse("admin:accounts_account_changelist"),
        KEYS,
        reverse("admin:accounts_user_changelist"),
    ):
        with django_assert_max_num_queries(6):
            assert operator.get(address).status_code == 200


def test_an_accounts_log_has_the_operators_address_behind_a_proxy(
    operator: Client, acme: Account, settings
) -> None:
    settings.TRUST_PROXY_HEADERS = True
    key = make_key(acme)
    form = {"action": "revoke", "_selected_action": [key.row.pk]}
    operator.post(KEYS, form, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert AuditEntry.objects.get(action="key.revoked").ip == "198.51.100.7"


def _members(account: Account, *places: Membership, **changes: str) -> dict[str, str]:
    """The account's form with these members, but for the changes."""
    form = _inlines("memberships", "api_keys") | {"name": account.name}
    form |= {
        "memberships-TOTAL_FORMS": str(len(places)),
        "memberships-INITIAL_FORMS": str(len(places)),
    }
    for number, place in enumerate(places):
        row = {"id": place.pk, "account": account.pk, "user": place.user_id, "role": place.role}
        form |= {f"memberships-{number}-{name}": str(value) for name, value in row.items()}
    return form | {f"memberships-{name}": value for name, value in changes.items()}


@pytest.mark.parametrize("change", [{"0-DELETE": "on"}, {"0-role": "member"}])
def test_an_account_keeps_an_owner(operator: Client, acme: Account, change: dict[str, str]) -> None:
    owner = MembershipFactory.create(account=acme)
    member = MembershipFactory.create(account=acme, role="member")
    response = operator.post(
        f"/admin/accounts/account/{acme.pk}/change/", _members(acme, owner, member, **change)
    )
    assert response.status_code == 200
    assert "The account must keep an owner." in response.content.decode()
    owner.refresh_from_db()
    assert owner.is_owner


def test_an_owner_can_hand_over(operator: Client, acme: Account) -> None:
    owner = MembershipFactory.create(account=acme)
    member = MembershipFactory.create(account=acme, role="member")
    form = _members(acme, owner, member, **{"0-DELETE": "on", "1-role": "owner"})
    assert operator.post(f"/admin/accounts/account/{acme.pk}/change/", form).status_code == 302
    assert [place.user for place in acme.memberships.filter(role="owner")] == [member.user]
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["member.role_changed", "member.removed"]


def test_an_owner_who_went_since_the_form_was_checked_is_noticed(
    operator: Client, acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = MembershipFactory.create(account=acme)
    monkeypatch.setattr("accounts.admin.MembershipFormSet.clean", lambda _self: None)
    response = operator.post(
        f"/admin/accounts/account/{acme.pk}/change/",
        _members(acme, owner, **{"0-DELETE": "on"}),
        follow=True,
    )
    assert "The account must keep an owner." in response.content.decode()
    assert acme.memberships.filter(role="owner").exists()


def test_a_member_does_not_become_another_person(operator: Client, acme: Account) -> None:
    owner = MembershipFactory.create(account=acme)
    form = _members(acme, owner, **{"0-user": str(UserFactory.create().pk)})
    operator.post(f"/admin/accounts/account/{acme.pk}/change/", form)
    assert acme.memberships.get().user == owner.user


def test_an_accounts_only_owner_cannot_be_deleted(operator: Client, acme: Account) -> None:
    owner = MembershipFactory.create(account=acme).user
    address = f"/admin/accounts/user/{owner.pk}/delete/"
    assert "The only owner of Acme" in operator.get(address).content.decode()
    operator.post(address, {"post": "yes"})
    operator.post(
        "/admin/accounts/user/",
        {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=owner.pk).exists()

    MembershipFactory.create(account=acme)
    operator.post(address, {"post": "yes"})
    assert not User.objects.filter(pk=owner.pk).exists()


def test_expiring_leaves_keys_a_day(operator: Client, acme: Account) -> None:
    lasting, ending = (
        make_key(acme),
        make_key(acme, expires_at=timezone.now() + datetime.timedelta(hours=1)),
    )
    page = operator.post(
        KEYS, {"action": "expire", "_selected_action": [lasting.row.pk, ending.row.pk]}, follow=True
    )
    assert "Expire in 24 hours: 1." in page.content.decode()
    before = ending.row.expires_at
    lasting.row.refresh_from_db()
    ending.row.refresh_from_db()
    assert lasting.row.expires_at is not None
    assert (
        datetime.timedelta(hours=23)
        < lasting.row.expires_at - timezone.now()
        <= datetime.timedelta(hours=24)
    )
    assert ending.row.expires_at == before
    assert AuditEntry.objects.get(action="key.changed").detail["key"] == lasting.row.masked


@pytest.mark.parametrize(
    ("state", "name"), [("active", "Works"), ("expired", "Ended"), ("revoked", "Stopped")]
)
def test_keys_are_filtered_by_state(operator: Client, acme: Account, state: str, name: str) -> None:
    make_key(acme, name="Works")
    make_key(acme, name="Ended", expires_at=timezone.now())
    stopped = make_key(acme, name="Stopped").row
    ApiKey.objects.filter(pk=stopped.pk).update(revoked_at=timezone.now())
    shown = operator.get(KEYS, {"state": state}).context["cl"].result_list
    assert [key.name for key in shown] == [name]


def test_accounts_are_found_by_name_id_and_member(
    operator: Client, acme: Account, globex: Account
) -> None:
    MembershipFactory.create(account=acme, user=UserFactory.create(email="ann@acme.example"))
    for term in ("acm", str(acme.pk), "ann@acme.example"):
        shown = operator.get("/admin/accounts/account/", {"q": term}).context["cl"].result_list
        assert list(shown) == [acme]


def test_the_audit_log_is_shown_and_not_changed(
    operator: Client, acme: Account, globex: Account
) -> None:
    make_key(acme)
    make_key(globex)
    entry = AuditEntry.objects.get(account=acme)
    address = "/admin/accounts/auditentry/"
    shown = operator.get(address, {"account": str(acme.pk), "action": "key.created"})
    assert list(shown.context["cl"].result_list) == [entry]
    assert "API key created" in shown.content.decode()
    assert not operator.get(address, {"action": "member.joined"}).context["cl"].result_list
    assert "key: traitly_" in operator.get(f"{address}{entry.pk}/change/").content.decode()
    assert operator.post(f"{address}{entry.pk}/change/", {"action": "forged"}).status_code == 403
    assert operator.post(f"{address}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert operator.get(f"{address}add/").status_code == 403


def test_what_operators_did_is_shown(operator: Client, acme: Account) -> None:
    operator.post(KEYS, {"action": "revoke", "_selected_action": [make_key(acme).row.pk]})
    page = operator.get("/admin/admin/logentry/").content.decode()
    assert "Revoked." in page
