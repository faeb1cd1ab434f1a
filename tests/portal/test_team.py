import datetime

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, Membership, User
from tests.portal.conftest import PASSWORD, Browser, link, person


def invite(browser, email="new@acme.example", role="member"):
    browser.get("/team/")
    return browser.post("/team/invite/", {"email": email, "role": role})


def test_an_invitation_is_mailed(owner, acme):
    assert invite(owner).headers["Location"] == "/team/"
    assert mail.outbox[-1].to == ["new@acme.example"]
    assert mail.outbox[-1].subject == "[Traitly] Join Acme on Traitly"
    assert "new@acme.example" in owner.get("/team/").content.decode()


def test_who_is_new_signs_up_by_it_under_the_invited_address(owner, acme):
    invite(owner)
    visitor = Browser()
    assert "Join Acme" in visitor.get(link()).content.decode()
    visitor.get("/register/")
    response = visitor.post(
        "/register/", {"password1": PASSWORD, "email": "other@example.com", "company": "Mine"}
    )
    assert response.headers["Location"] == "/quickstart/"  # no code: the link proved the address
    user = User.objects.get(email="new@acme.example")
    assert user.memberships.get().account == acme
    assert user.memberships.get().role == "member"
    assert not Invitation.objects.exists()
    assert visitor.get("/quickstart/").status_code == 200


def test_who_follows_a_link_may_still_sign_up_for_an_account_of_their_own(owner, acme):
    invite(owner)
    visitor = Browser()
    visitor.get(link())
    assert 'href="/register/?own"' in visitor.get("/register/").content.decode()
    visitor.get("/register/?own")
    visitor.post(
        "/register/?own", {"password1": PASSWORD, "email": "other@example.com", "company": "Mine"}
    )
    assert User.objects.get(email="other@example.com").accounts.get().name == "Mine"
    assert Invitation.objects.exists()


def test_who_has_a_log_in_joins_with_it(owner, acme, globex):
    user = person(globex, "new@acme.example")
    invite(owner, role="owner")
    browser = Browser().log_in(user)
    browser.get(link())
    browser.post(link())
    assert set(user.memberships.values_list("account__name", "role")) == {
        ("Acme", "owner"),
        ("Globex", "owner"),
    }
    assert "Acme" in browser.get("/quickstart/").content.decode()


def test_a_link_is_for_the_invited_address_alone(owner, acme, globex):
    invite(owner)
    other = Browser().log_in(person(globex, "other@globex.example"))
    assert "logged in as other@globex.example" in other.get(link()).content.decode()
    other.post(link())
    assert acme.memberships.count() == 1


def test_a_link_works_once(owner, acme):
    invite(owner)
    user = person(acme, "new@acme.example", "member")
    Membership.objects.filter(user=user).delete()
    browser = Browser().log_in(user)
    browser.post(link())
    assert acme.memberships.filter(user=user).exists()
    assert browser.get(link()).status_code == 404


def test_a_newer_link_ends_the_older(owner):
    invite(owner)
    first = link()
    invite(owner)
    assert Browser().get(first).status_code == 404
    assert Browser().get(link()).status_code == 200
    assert Invitation.objects.count() == 1


def test_a_withdrawn_link_ends(owner):
    invite(owner)
    owner.post(f"/team/invitations/{Invitation.objects.get().pk}/withdraw/")
    assert Browser().get(link()).status_code == 404


def test_a_link_ends_after_a_week(owner, monkeypatch):
    invite(owner)
    monkeypatch.setattr("accounts.services.INVITATION_LIVES", datetime.timedelta(seconds=-1))
    assert Browser().get(link()).status_code == 404


def test_a_forged_link_is_nothing(visitor):
    assert visitor.get("/invitation/W10:1abcde:forged/").status_code == 404


def test_who_is_in_is_not_invited(owner, member_user):
    assert "already in the account" in invite(owner, member_user.email.upper()).content.decode()
    assert not mail.outbox


def test_invitations_are_limited(owner):
    for number in range(20):
        assert invite(owner, f"person{number}@example.com").status_code == 302
    assert invite(owner, "last@example.com").status_code == 429
    assert len(mail.outbox) == 20


def test_a_stolen_session_makes_no_owner(owner, member_user, acme, later):
    """Who was made one would log in afresh, and see every key."""
    place = acme.memberships.get(user=member_user)
    later(minutes=16)
    for address, data in (
        ("/team/invite/", {"email": "new@example.com", "role": "owner"}),
        (f"/team/{place.pk}/role/", {"role": "owner"}),
    ):
        assert owner.post(address, data).headers["Location"].startswith("/reauthenticate/"), address
    place.refresh_from_db()
    assert not place.is_owner
    assert not mail.outbox


def test_an_invitation_is_mailed_after_the_password_was_given_again(owner, later):
    later(minutes=16)
    asked = owner.post("/team/invite/", {"email": "new@example.com", "role": "member"}).headers[
        "Location"
    ]
    owner.get(asked)
    owner.post("/reauthenticate/", {"password": PASSWORD, "next": "/team/invite/"}, follow=True)
    assert [message.to for message in mail.outbox] == [["new@example.com"]]


def test_roles(owner, member_user, acme):
    place = acme.memberships.get(user=member_user)
    owner.post(f"/team/{place.pk}/role/", {"role": "owner"})
    place.refresh_from_db()
    assert place.is_owner
    assert AuditEntry.objects.get(action="member.role_changed").detail == {
        "email": member_user.email,
        "role": "owner",
    }


def test_the_last_owner_stays(owner, owner_user, acme, member_user):
    place = acme.memberships.get(user=owner_user)
    owner.post(f"/team/{place.pk}/role/", {"role": "member"})
    assert "must keep an owner" in owner.get("/team/").content.decode()
    owner.post(f"/team/{place.pk}/remove/")
    assert "must keep an owner" in owner.get("/team/").content.decode()
    place.refresh_from_db()
    assert place.is_owner


def test_who_is_removed_is_out_at_once(owner, member, member_user, acme):
    assert member.get("/team/").status_code == 200
    place = acme.memberships.get(user=member_user)
    assert "Remove member@acme.example?" in owner.get(f"/team/{place.pk}/remove/").content.decode()
    owner.post(f"/team/{place.pk}/remove/")
    assert member.get("/team/").headers["Location"] == "/no-account/"


def test_a_member_may_leave(member, member_user, acme):
    place = acme.memberships.get(user=member_user)
    member.get(f"/team/{place.pk}/remove/")
    member.post(f"/team/{place.pk}/remove/")
    assert not acme.memberships.filter(user=member_user).exists()


@pytest.mark.parametrize("address", ["/team/invite/", "/team/{}/role/"])
def test_a_member_may_not_manage(member, owner_user, acme, address):
    place = acme.memberships.get(user=owner_user)
    response = member.post(address.format(place.pk), {"role": "member", "email": "x@example.com"})
    assert response.status_code == 403
    place.refresh_from_db()
    assert place.is_owner
    assert not mail.outbox


def test_a_member_may_not_remove_others(member, owner_user, acme):
    place = acme.memberships.get(user=owner_user)
    assert member.post(f"/team/{place.pk}/remove/").status_code == 404


def test_invitations_older_than_a_week_are_not_listed(owner, acme):
    Invitation.objects.create(
        account=acme, email="old@example.com", sent_at=timezone.now() - datetime.timedelta(days=8)
    )
    assert "old@example.com" not in owner.get("/team/").content.decode()
