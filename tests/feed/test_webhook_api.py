"""/webhook."""

import re

import pytest

from accounts import keys
from accounts.models import ApiKey, AuditEntry
from feed import services
from feed.models import Webhook
from tests.client import Api
from tests.factories import make_key

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://example.com/hook"
FIELDS = ["id", "url", "types", "names", "enabled", "stopped", "batch", "position", "created_at"]


def test_a_webhook_is_made_with_defaults_and_its_secret_is_in_that_answer_alone(api):
    made = api.post("webhook", {"url": URL})
    assert (made.status, made.json["object"], list(made.json)) == (
        201,
        "webhook",
        ["data", "metadata", "created", "object"],
    )
    assert list(made.row) == [*FIELDS, "secret"]
    secret = made.row.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{32}", secret)
    assert (made.row["types"], made.row["names"], made.row["enabled"], made.row["batch"]) == (
        [],
        [],
        True,
        1,
    )
    assert api.get(f"webhook/{made.row['id']}").data == made.data
    assert api.get("webhook").data == made.data
    stored = bytes(Webhook.objects.get().secret)
    assert secret.encode() not in stored
    assert keys.decrypt(stored) == secret


def test_some_settings_are_changed_and_the_others_stay(api):
    row = api.post(
        "webhook", {"url": URL, "types": ["event.created"], "names": ["B", "A", "A"], "batch": 100}
    ).row
    assert row["names"] == ["A", "B"]
    changed = api.patch(f"webhook/{row['id']}", {"enabled": False, "batch": 5})
    assert (changed.status, list(changed.json)) == (200, ["data", "metadata", "updated", "object"])
    del row["secret"]
    assert changed.row == row | {"enabled": False, "batch": 5}
    assert (
        api.patch(f"webhook/{row['id']}", changed.row).row == changed.row
    )  # what was read may be sent back


def test_it_is_deleted(api):
    row = api.post("webhook", {"url": URL}).row
    assert api.delete(f"webhook/{row['id']}").row["id"] == row["id"]
    assert api.get(f"webhook/{row['id']}").status == 404
    assert api.delete(f"webhook/{row['id']}").status == 404
    assert api.patch(f"webhook/{row['id']}", {}).status == 404
    assert api.get("webhook/nonsense").status == 404


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, ("required", "url")),
        ({"url": "http://127.0.0.1/"}, ("invalid", "url")),
        ({"url": "http://169.254.169.254/latest"}, ("invalid", "url")),
        ({"url": "ftp://example.com"}, ("invalid", "url")),
        ({"url": 1}, ("invalid", "url")),
        ({"url": URL, "types": ["event.deleted"]}, ("invalid_choice", "types.0")),
        ({"url": URL, "batch": 0}, ("min_value", "batch")),
        ({"url": URL, "batch": 1001}, ("max_value", "batch")),
        ({"url": URL, "batch": "1"}, ("invalid", "batch")),
        ({"url": URL, "enabled": "yes"}, ("invalid", "enabled")),
        ({"url": URL, "names": [""]}, ("blank", "names.0")),
        ({"url": URL, "type": ["event.created"]}, ("unknown_field", "type")),
        ([{"url": URL}], ("invalid", None)),
    ],
)
def test_what_is_wrong_is_said(api, sent, error):
    answer = api.post("webhook", sent)
    assert (answer.status, answer.errors) == (400, [error])
    assert not Webhook.objects.exists()


def test_broken_json_is_400(api):
    assert api.post("webhook", b'{"url": ').status == 400


def test_another_accounts_webhook_is_a_404(api, globex_api):
    row = api.post("webhook", {"url": URL}).row
    for answer in (
        globex_api.get(f"webhook/{row['id']}"),
        globex_api.patch(f"webhook/{row['id']}", {"enabled": False}),
        globex_api.delete(f"webhook/{row['id']}"),
    ):
        assert answer.status == 404
    assert globex_api.get("webhook").data == []
    assert Webhook.objects.get().enabled


def test_a_key_that_may_not_read_makes_no_webhook(api, acme):
    """It would have everything sent to it."""
    row = api.post("webhook", {"url": URL}).row
    writer = Api(make_key(acme, scopes=["write"]).key)
    assert writer.post("webhook", {"url": URL}).status == 403
    assert writer.patch(f"webhook/{row['id']}", {"url": URL + "2"}).status == 403
    reader = Api(make_key(acme, scopes=["read"]).key)
    assert reader.post("webhook", {"url": URL}).status == 403
    assert reader.get("webhook").status == 200


def test_an_account_has_so_many_webhooks_at_most(api, monkeypatch):
    monkeypatch.setattr(services, "MAX_WEBHOOKS", 2)
    assert [api.post("webhook", {"url": URL}).status for _ in range(3)] == [201, 201, 400]


def test_an_integer_may_be_written_with_a_point(api):
    assert api.post("webhook", {"url": URL, "batch": 100.0}).row["batch"] == 100


def test_what_is_wrong_is_said_in_the_words_of_the_api(api):
    unknown = api.post("webhook", {"url": URL, "type": "event.created"})
    assert unknown.details == "Unknown field. Known fields: url, types, names, enabled, batch."
    choice = api.post("webhook", {"url": URL, "types": ["event"]})
    assert choice.details == "Must be one of: event.created, customer.updated, customer.erased."
    assert api.get("webhook/nonsense").details == "There is no webhook with this id."


def test_the_audit_log_names_the_key(api, acme):
    row = api.post("webhook", {"url": URL}).row
    api.patch(f"webhook/{row['id']}", {"batch": 5})
    api.delete(f"webhook/{row['id']}")
    entries = AuditEntry.objects.filter(account=acme, action__startswith="webhook")
    assert len(entries) == 3
    assert {entry.actor_email for entry in entries} == {
        f"API key {ApiKey.objects.get(account=acme).name}"
    }
