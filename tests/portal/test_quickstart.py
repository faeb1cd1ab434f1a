import ast
import json
import re
import shlex

import pytest

from accounts.models import AuditEntry, Membership
from portal.commands import LANGUAGES, commands
from rejections.models import Rejection
from tests.factories import EventFactory, an_event, make_key


def test_says_that_one_was_refused(member, api):
    api.post("event", {"customer_id": "1"})
    refused = Rejection.objects.get()
    page = member.get("/quickstart/").content.decode()
    assert "One was rejected" in page
    assert f'href="/events/rejected/{refused.id}/">Fix it</a>' in page
    assert member.get("/quickstart/first-event/", data={"refused": refused.id}).status_code == 204
    assert (
        "One was rejected"
        in member.get("/quickstart/first-event/", data={"refused": ""}).content.decode()
    )
    api.post("event", an_event())
    assert (
        "Events are arriving"
        in member.get("/quickstart/first-event/", data={"refused": refused.id}).content.decode()
    )


def test_the_key_is_filled_in_and_that_is_recorded_once(owner, acme):
    key = make_key(acme)
    for _ in range(3):
        page = owner.get("/quickstart/").content.decode()
        assert f"Authorization: Token {key.key}" in page.replace("&quot;", '"')
    assert AuditEntry.objects.filter(account=acme, action="key.revealed").count() == 1


def test_an_old_log_in_sees_the_key_after_giving_the_password(owner, acme, later):
    key = make_key(acme)
    later(minutes=16)
    page = owner.get("/quickstart/").content.decode()
    assert key.key not in page
    assert "Authorization: Token insert-token-here" in page.replace("&quot;", '"')
    assert owner.post("/quickstart/key/").headers["Location"].startswith("/reauthenticate/")


def test_a_key_that_may_not_send_is_not_offered(owner, acme):
    key = make_key(acme, scopes=["read"])
    assert key.key not in owner.get("/quickstart/").content.decode()


def test_the_panel(owner, acme, globex):
    EventFactory.create(account=globex)
    assert "Waiting for your first event" in owner.get("/quickstart/").content.decode()
    assert owner.get("/quickstart/first-event/").status_code == 204
    EventFactory.create(account=acme, name="<b>Signed in</b>")
    fragment = owner.get("/quickstart/first-event/").content.decode()
    assert "&lt;b&gt;Signed in&lt;/b&gt;" in fragment
    assert "hx-trigger" not in fragment  # it asks no more
    assert "Events are arriving" in owner.get("/quickstart/").content.decode()


def test_the_panel_is_cheap(owner, acme, django_assert_max_num_queries):
    EventFactory.create(account=acme)
    with django_assert_max_num_queries(4):  # session, user, membership, event
        owner.get("/quickstart/first-event/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_four_commands(owner, language):
    page = owner.get(f"/quickstart/?language={language}").content.decode()
    assert page.count('class="code"') == 4
    assert "http://testserver/api/v1/event" in page


def test_an_unknown_language_is_curl(owner):
    assert "curl " in owner.get("/quickstart/?language=cobol").content.decode()


def test_curl_says_what_the_reference_says():
    [event, customer, events, customers] = [
        shlex.split(command.text.replace("\\\n", ""))
        for command in commands("curl", server="https://x", key="K")
    ]
    assert event[:4] == ["curl", "https://x/api/v1/event", "--request", "POST"]
    assert event[4:9] == [
        "-H",
        "Authorization: Token K",
        "-H",
        "Content-Type: application/json",
        "--data",
    ]
    assert json.loads(event[9]) == {
        "customer_id": "15",
        "name": "Customer C",
        "monthly_payment_amount": 99,
        "location": "New York",
        "plan": "Atom",
        "email": "support@company.com",
    }
    assert json.loads(customer[9])["name"] == "John Smith"
    assert events[1] == "https://x/api/v1/event"
    assert events[2:7] == [
        "--get",
        "--data-urlencode",
        "customer_id=15",
        "--data-urlencode",
        "name=Customer C",
    ]
    assert customers[1] == "https://x/api/v1/customer"


def test_python_is_python():
    for command in commands("python", server="https://x", key="K"):
        ast.parse(command.text)


def test_members_see_no_key(member, acme):
    key = make_key(acme)
    page = member.get("/quickstart/").content.decode()
    assert key.key not in page
    assert not re.search(r"traitly_\w", page)
    assert member.post("/quickstart/key/").status_code == 403


def test_of_two_accounts_the_chosen_one_is_shown(owner, owner_user, globex):
    Membership.objects.create(account=globex, user=owner_user, role="member")
    assert "Acme" in owner.get("/quickstart/").content.decode()
    assert owner.post(f"/accounts/{globex.pk}/switch/").status_code == 302
    page = owner.get("/quickstart/").content.decode()
    assert "Globex" in page
    assert "Members cannot see API keys" in page
