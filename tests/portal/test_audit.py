from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry
from tests.portal.conftest import PASSWORD


def test_owners_see_who_did_what(owner, owner_user):
    owner.post("/settings/name/", {"company": "Acme <b>"})
    page = owner.get("/audit/").content.decode()
    assert "Account renamed" in page
    assert "Logged in" in page
    assert owner_user.email in page
    assert "127.0.0.1" in page
    assert "Acme &lt;b&gt;" in page


def test_another_accounts_entries_are_not_there(owner, globex):
    audit.record(
        account=globex, actor=Actor(), action=AuditEntry.Action.ACCOUNT_RENAMED, name="Secret"
    )
    assert "Secret" not in owner.get("/audit/").content.decode()


def test_members_do_not_see_it(member):
    assert member.get("/audit/").status_code == 403


def test_pages(owner, acme):
    AuditEntry.objects.all().delete()
    for number in range(60):
        audit.record(
            account=acme,
            actor=Actor(),
            action=AuditEntry.Action.ACCOUNT_RENAMED,
            name=f"Name-{number:02}",
        )
    first = owner.get("/audit/").content.decode()
    assert "Name-59" in first
    assert "Name-09" not in first
    last = AuditEntry.objects.order_by("-id")[49].pk
    assert f"?before={last}" in first
    second = owner.get(f"/audit/?before={last}").content.decode()
    assert "Name-09" in second
    assert "Name-10" not in second
    assert "Earlier entries" not in second


def test_a_broken_page_is_a_404(owner):
    for before in ("x", "-1", "9" * 30, "²"):
        assert owner.get("/audit/", data={"before": before}).status_code == 404


def test_an_action_of_a_later_release_is_shown_as_it_is(owner, acme):
    AuditEntry.objects.create(account=acme, action="account.painted")
    assert "account.painted" in owner.get("/audit/").content.decode()


def test_through_a_unix_socket_there_is_no_address(visitor, owner_user):
    visitor.get("/login/")
    response = visitor.post(
        "/login/", {"login": owner_user.email, "password": PASSWORD}, REMOTE_ADDR=""
    )
    assert response.status_code == 302
    assert AuditEntry.objects.get(action="user.logged_in").ip is None


def test_a_log_in_outside_of_a_request_is_recorded_too(client, owner_user):
    client.force_login(owner_user)
    assert AuditEntry.objects.get(action="user.logged_in").actor_email == owner_user.email
