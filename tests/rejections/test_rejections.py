"""What is refused is kept, bounded, and can be found by account, by customer and by age."""

import datetime
import json
import logging
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from accounts.models import User
from accounts.services import NewKey, create_account
from events.models import Event
from rejections import queries, services
from rejections.models import Rejection as Kept
from rejections.services import discard_rejections, erase_rejections, keep_rejections
from traitly.input.errors import Error
from traitly.input.items import RejectedItem

BAD_TIME = Error("invalid", "Not a valid time.", "created_at")


@pytest.fixture
def key(db) -> NewKey:
    return create_account(company="Ann's", owner=User.objects.create_user("ann@example.com"))[1]


@pytest.fixture
def other_key(db) -> NewKey:
    return create_account(company="Bob's", owner=User.objects.create_user("bob@example.com"))[1]


def post(client, key: NewKey, path: str, body):
    data = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        path, data, content_type="application/json", headers={"Authorization": f"Token {key.key}"}
    )


def keep(account_id: int, *sent, errors=(BAD_TIME,)) -> None:
    keep_rejections(
        account_id=account_id,
        key_id=None,
        kind="event",
        rejections=[RejectedItem(index, list(errors), item) for index, item in enumerate(sent)],
    )


def test_rejected_item_of_a_batch_is_kept_with_payload_reason_key_and_time(client, key):
    bad = {"customer_id": 15, "name": "Logged in", "created_at": "yesterday", "plan": "Atom"}
    before = timezone.now()

    response = post(client, key, "/api/v1/event", [{"customer_id": "1", "name": "ok"}, bad])

    assert response.status_code == 207
    assert response.json()["data"][1]["errors"][0]["attr"] == "1.created_at"
    kept = queries.newest(account_id=key.row.account_id).get()
    assert json.loads(kept.payload) == bad
    assert (kept.kind, kept.customer_id, kept.name, kept.truncated) == (
        "event",
        "15",
        "Logged in",
        False,
    )
    assert [error["attr"] for error in kept.errors] == ["created_at"]
    assert kept.key_id == key.row.id
    assert before <= kept.received_at <= timezone.now()


def test_refused_single_object_is_kept(client, key):
    response = post(client, key, "/api/v1/customer", {"customer_id": "7", "name": "Ann"})

    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["email", "plan"]
    kept = queries.newest(account_id=key.row.account_id).get()
    assert (kept.kind, kept.customer_id) == ("customer", "7")
    assert [error["attr"] for error in kept.errors] == ["email", "plan"]


def test_accepted_batch_asks_nothing_for_rejections(client, key, django_assert_num_queries):
    post(client, key, "/api/v1/event", {"customer_id": "1", "name": "the key is looked up"})
    with django_assert_num_queries(1):
        post(client, key, "/api/v1/event", [{"customer_id": "1", "name": "ok"}] * 3)


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_was_not_heard_of_keeps_nothing_twice(transactional_db, monkeypatch):
    account_id = create_account(company="Ann's", owner=User.objects.create_user("ann@example.com"))[
        1
    ].row.account_id
    execute = services._INSERT.execute
    runs = []

    def lose_once(cursor, parameters):
        execute(cursor, parameters)
        runs.append(parameters["ids"])
        if len(runs) == 1:
            connection.close()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(services._INSERT, "execute", lose_once)

    keep(account_id, {"customer_id": "1"}, {"customer_id": "2"})

    assert len(runs) == 2
    assert Kept.objects.count() == 2


def test_any_number_of_rejections_costs_one_statement(key, django_assert_num_queries, settings):
    settings.REJECTIONS_MOST_KEPT = 10**9
    with django_assert_num_queries(1):
        keep(key.row.account_id, *({"customer_id": str(number)} for number in range(1000)))
    assert Kept.objects.count() == 1000


@pytest.mark.parametrize(
    "sent",
    [
        {"customer_id": "1", "name": "a\0b"},
        {"customer_id": "1", "custom_attributes": {"\0": ["\0", {"deep": "\0"}]}},
        "only text",
        None,
        [],
        {"customer_id": 10**4000},
        {"name": "Grüße 🎉", "quote": '"\\'},
    ],
)
def test_payload_round_trips(key, sent):
    keep(key.row.account_id, sent)
    assert json.loads(queries.newest(account_id=key.row.account_id).get().payload) == sent


def test_nul_in_an_attribute_is_kept_and_named(client, key):
    response = post(
        client, key, "/api/v1/event", '[{"customer_id":"1","name":"n","a\\u0000b":"\\u0000"}]'
    )
    assert response.status_code == 400
    kept = queries.newest(account_id=key.row.account_id).get()
    assert json.loads(kept.payload)["a\0b"] == "\0"
    assert kept.errors[0]["attr"] == "a\\u0000b"


def test_long_payload_is_cut_and_says_so(key):
    keep(key.row.account_id, {"customer_id": "1", "long": "x" * 100_000})
    kept = queries.newest(account_id=key.row.account_id).get()
    assert (len(kept.payload), kept.truncated, kept.customer_id) == (
        services.MAX_PAYLOAD_CHARACTERS,
        True,
        "1",
    )


def test_errors_are_bounded(key):
    keep(key.row.account_id, {}, errors=[Error("invalid_key", "Too long.", "k" * 100_000)] * 1000)
    assert len(json.dumps(queries.newest(account_id=key.row.account_id).get().errors)) < 64 * 1024


@pytest.mark.parametrize("value", ["x" * 256, "a\0", None, True, 1.5, {}])
def test_what_cannot_be_a_customer_id_is_kept_in_the_payload_alone(key, value):
    keep(key.row.account_id, {"customer_id": value})
    kept = queries.newest(account_id=key.row.account_id).get()
    assert kept.customer_id is None
    assert json.loads(kept.payload) == {"customer_id": value}


def test_account_keeps_only_its_newest(key, other_key, settings):
    settings.REJECTIONS_MOST_KEPT = 20
    keep(other_key.row.account_id, {"customer_id": "bob's"})
    for number in range(3):
        keep(
            key.row.account_id,
            *({"customer_id": str(number), "name": str(item)} for item in range(500)),
        )

    kept = list(queries.newest(account_id=key.row.account_id))
    assert [row.name for row in kept] == [str(item) for item in range(499, 479, -1)]
    assert {row.customer_id for row in kept} == {"2"}
    assert queries.newest(account_id=other_key.row.account_id).count() == 1


def test_trimming_erases_the_old(key, settings):
    account_id = key.row.account_id
    eight_days_ago = timezone.now() - datetime.timedelta(days=8)
    old = uuid.UUID(int=int(eight_days_ago.timestamp() * 1000) << 80 | 0x7000_8000_0000_0000_0001)
    Kept.objects.create(
        account_id=account_id, id=old, kind="event", payload="{}", received_at=eight_days_ago
    )
    settings.REJECTIONS_MOST_KEPT = 5  # so few that each rejection trims

    keep(account_id, {"customer_id": "new"})

    assert [row.customer_id for row in Kept.objects.all()] == ["new"]


def test_old_rejections_are_neither_shown_nor_survive_pruning(key, settings, capsys):
    keep(key.row.account_id, {"customer_id": "old"}, {"customer_id": "new"})
    Kept.objects.filter(customer_id="old").update(
        received_at=timezone.now() - datetime.timedelta(days=7, seconds=1)
    )

    assert [row.customer_id for row in queries.newest(account_id=key.row.account_id)] == ["new"]
    call_command("prune_rejections")

    assert capsys.readouterr().out == "Erased 1 rejected items.\n"
    assert [row.customer_id for row in Kept.objects.all()] == ["new"]


def test_erasing_a_customer_erases_what_was_refused_of_it(key, other_key):
    for account_id in (key.row.account_id, other_key.row.account_id):
        keep(account_id, {"customer_id": "1"}, {"customer_id": 1}, {"customer_id": "2"}, {})

    assert erase_rejections(account_id=key.row.account_id, customer_id="1") == 2

    assert {row.customer_id for row in queries.newest(account_id=key.row.account_id)} == {"2", None}
    assert queries.newest(account_id=other_key.row.account_id, customer_id="1").count() == 2


def test_another_account_neither_sees_nor_discards(key, other_key):
    keep(key.row.account_id, {"customer_id": "1"})
    rejection = Kept.objects.get()
    mine, others = key.row.account_id, other_key.row.account_id

    assert queries.find(account_id=others, rejection_id=rejection.id) is None
    assert not discard_rejections(account_id=others, rejection_ids=[rejection.id])
    assert queries.find(account_id=mine, rejection_id=rejection.id) == rejection
    assert discard_rejections(account_id=mine, rejection_ids=[rejection.id])
    assert not Kept.objects.exists()


def test_list_is_narrowed_by_customer_and_name(key):
    account_id = key.row.account_id
    keep(
        account_id,
        {"customer_id": "1", "name": "a"},
        {"customer_id": "1", "name": "b"},
        {"customer_id": "2"},
    )
    assert [row.name for row in queries.newest(account_id=account_id, customer_id="1")] == [
        "b",
        "a",
    ]
    assert [row.customer_id for row in queries.newest(account_id=account_id, name="a")] == ["1"]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_does_not_fail_what_was_accepted(
    client, key, monkeypatch, caplog
):
    def lose(*_args):
        connection.close()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(services, "_insert_grouped", lose)
    with caplog.at_level(logging.ERROR, "rejections.services"):
        response = post(client, key, "/api/v1/event", [{"customer_id": "1", "name": "ok"}, {}])

    assert response.status_code == 207
    assert "1 rejected items" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_event WHERE account_id = %s", [key.row.account_id]
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    "error", [IntegrityError("a constraint"), OperationalError("a lock timeout")]
)
def test_whatever_else_fails_is_not_swallowed(key, monkeypatch, error):
    def fail(*_args):
        raise error

    monkeypatch.setattr(services, "_insert_grouped", fail)
    with pytest.raises(type(error)):
        keep(key.row.account_id, {"customer_id": "1"})


def test_an_unknown_kind_is_never_kept_silently(key):
    for rejections in ([], [RejectedItem(0, [Error("invalid", "No.")], {})]):
        with pytest.raises(ValueError, match="invoice"):
            services.keep_rejections(
                account_id=key.row.account_id, key_id=None, kind="invoice", rejections=rejections
            )


class TestAdmin:
    @pytest.fixture
    def operator(self, client, db):
        client.force_login(User.objects.create_superuser("op@example.com"))
        return client

    def test_shows_what_was_refused_of_an_account(self, operator, key, other_key):
        keep(key.row.account_id, {"customer_id": "anns"})
        keep(other_key.row.account_id, {"customer_id": "bobs"})

        shown = operator.get(
            "/admin/rejections/rejection/", {"account": key.row.account_id}
        ).content.decode()

        assert "anns" in shown
        assert "created_at: Not a valid time." in shown
        assert "bobs" not in shown

    def test_finds_a_customers(self, operator, key):
        keep(key.row.account_id, {"customer_id": "another"}, {"customer_id": "second"})
        query = {"account": key.row.account_id, "q": "second"}
        table = (
            operator.get("/admin/rejections/rejection/", query)
            .content.decode()
            .partition("result_list")[2]
        )
        assert "second" in table
        assert "another" not in table

    def test_shows_a_payload(self, operator, key):
        keep(key.row.account_id, {"customer_id": "1", "odd": "field"})
        rejection = Kept.objects.get()
        page = operator.get(
            f"/admin/rejections/rejection/{rejection.account_id}:{rejection.id}/change/"
        )
        assert "&quot;odd&quot;:&quot;field&quot;" in page.content.decode()

    @pytest.mark.parametrize("address", ["nonsense", "1:nonsense", "²:1"])
    def test_unknown_row_is_not_found(self, operator, address):
        assert operator.get(f"/admin/rejections/rejection/{address}/change/").status_code == 302

    def test_a_search_needs_an_account(self, operator, key):
        keep(key.row.account_id, {"customer_id": "1"})
        page = operator.get("/admin/rejections/rejection/", {"q": "1"})
        assert "Choose an account first" in page.content.decode()
        assert not page.context["cl"].result_list

    def test_dismisses_what_was_chosen(self, operator, key):
        keep(key.row.account_id, {"customer_id": "first"}, {"customer_id": "second"})
        chosen = Kept.objects.get(customer_id="first")
        form = {"action": "dismiss", "_selected_action": [str(chosen.pk)]}
        page = operator.post("/admin/rejections/rejection/", form, follow=True).content.decode()
        assert "Dismissed: 1." in page
        assert Kept.objects.get().customer_id == "second"

    def test_sends_again_what_is_valid_by_now(self, operator, key):
        keep(key.row.account_id, {"customer_id": "1", "name": "Logged in"}, {"customer_id": "2"})
        form = {"action": "resend", "_selected_action": [str(row.pk) for row in Kept.objects.all()]}
        page = operator.post("/admin/rejections/rejection/", form, follow=True).content.decode()
        assert "Stored: 1. Still refused: 1." in page
        assert Kept.objects.get().customer_id == "2"
        assert Event.objects.get(account=key.row.account).customer_id == "1"

    def test_who_may_only_look_dismisses_nothing(self, client, key):
        keep(key.row.account_id, {"customer_id": "first"})
        viewer = User.objects.create_user("viewer@example.com", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_rejection"))
        client.force_login(viewer)
        for action in ("dismiss", "resend"):
            form = {"action": action, "_selected_action": [str(Kept.objects.get().pk)]}
            client.post("/admin/rejections/rejection/", form)
        assert Kept.objects.exists()

    def test_filters_by_kind(self, operator, key):
        keep(key.row.account_id, {"customer_id": "1"})
        for kind, count in (("event", 1), ("customer", 0)):
            shown = operator.get(
                "/admin/rejections/rejection/", {"account": key.row.account_id, "kind": kind}
            )
            assert len(shown.context["cl"].result_list) == count

    def test_changes_nothing(self, operator, key):
        assert operator.get("/admin/rejections/rejection/add/").status_code == 403


def test_a_body_that_cannot_be_read_is_kept_without_keys(api):
    text = f'{{"name": "Paid", "key": "traitly_{"a1" * 20}"'
    assert api.post("event", text.encode()).status == 400
    kept = Kept.objects.get()
    assert (kept.kind, json.loads(kept.payload)) == ("event", '{"name": "Paid", "key": "traitly_…"')
    assert [error["code"] for error in kept.errors] == ["parse_error"]
