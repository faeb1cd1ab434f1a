"""The pages of /docs/: what a reader sees, with and without an account."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
import yaml
from django.test import Client

from reference.openapi.codes import CODES, STATUSES
from reference.pages import pages
from reference.search import find
from tests.factories import MembershipFactory, make_key

HERE = "http://testserver"


@pytest.fixture
def reader(db: None) -> Client:
    return Client()


@pytest.fixture
def owner(client: Client, acme: Any) -> Client:
    """Logged in a moment ago, as an owner."""
    client.force_login(MembershipFactory.create(account=acme).user)
    session = client.session
    session["logged_in_at"] = 2**40
    session.save()
    return client


def address(slug: str) -> str:
    return f"/docs/{slug}/" if slug else "/docs/"


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


SLUGS = list(pages())


def test_the_order_is_that_of_the_published_reference():
    reference = [page.title for page in pages().values() if page.group == "Reference"]

    assert reference[:4] == ["Introduction", "Authentication", "Events", "Customers"]
    assert reference[-1] == "Errors"


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_names_the_readers_host_and_needs_nothing_inline(reader, slug):
    response = reader.get(address(slug))
    text = response.content.decode()

    assert response.status_code == 200
    assert "api.traitly.com" not in text
    assert "'unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver)', text.partition("<main")[0])


@pytest.mark.parametrize("slug", SLUGS)
def test_each_link_leads_somewhere(reader, slug):
    here = address(slug)
    text = text_of(reader, here)
    for link in sorted(set(re.findall(r'href="([^"]+)"', text))):
        target, _, anchor = unescape(link).partition("#")
        target = target.removeprefix(HERE)
        if target.startswith(("http", "/static/", "?")):
            continue
        response = reader.get(urljoin(here, target))
        assert response.status_code in {200, 302}, (link, response.status_code)
        if anchor and "docs" in (target or here):
            assert f'id="{anchor}"' in response.content.decode(), link


def test_every_section_can_be_linked_to():
    for page in pages().values():
        anchors = [section.anchor for section in page.sections if section.title]
        assert all(anchors), page.title
        assert len(set(anchors)) == len(anchors), page.title


def test_a_visitor_sees_the_placeholder(reader):
    response = reader.get("/docs/events/")

    assert "Authorization: Token insert-token-here" in unescape(response.content.decode())
    assert "no-store" not in response["Cache-Control"]


def test_an_owner_sees_the_key_filled_in_and_no_cache_keeps_it(owner, acme):
    key = make_key(acme).key
    response = owner.get("/docs/events/")

    assert f"Authorization: Token {key}" in unescape(response.content.decode())
    assert "insert-token-here" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_a_member_sees_no_key(client, acme):
    key = make_key(acme).key
    client.force_login(MembershipFactory.create(account=acme, role="member").user)

    assert key not in text_of(client, "/docs/events/")


def test_an_owner_whose_log_in_is_old_sees_no_key(client, acme):
    key = make_key(acme).key
    client.force_login(MembershipFactory.create(account=acme).user)
    session = client.session
    session["logged_in_at"] = 0
    session.pop("account_authentication_methods", None)
    session.save()

    assert key not in text_of(client, "/docs/events/")


def test_the_language_can_be_chosen_without_a_script(reader):
    assert '<html lang="en" data-language="python">' in text_of(
        reader, "/docs/events/?language=python"
    )
    assert '<html lang="en" data-language="curl">' in text_of(
        reader, "/docs/events/?language=cobol"
    )


def test_the_errors_page_has_every_status_and_code(reader):
    text = text_of(reader, "/docs/errors/")

    for status, about in STATUSES.items():
        assert f'id="{status.value}"' in text
        assert about.action.split("`")[0].split(".")[0][:20] in unescape(text)
    for code in CODES:
        assert f"<code>{code}</code>" in text


def test_the_document_is_served_for_this_host(reader):
    document = json.loads(text_of(reader, "/docs/openapi.json"))

    assert document["servers"] == [{"url": HERE}]
    assert yaml.safe_load(text_of(reader, "/docs/openapi.yaml")) == document


@pytest.mark.parametrize("slug", SLUGS)
def test_each_page_is_markdown_too(reader, slug):
    response = reader.get(f"/docs/{slug or 'introduction'}.md")
    text = response.content.decode()

    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.startswith(f"# {pages()[slug].title}\n")
    assert "api.traitly.com" not in text
    assert f"/docs/{slug or 'introduction'}.md" in text_of(reader, "/llms.txt")


def test_an_operation_as_markdown_has_fields_command_and_answer(reader):
    text = text_of(reader, "/docs/events.md")

    assert "`POST /api/v1/event`" in text
    assert "| `customer_id` | string or integer | yes |" in text
    assert f'curl "{HERE}/api/v1/event"' in text
    assert "201 Created" in text


def test_search_finds_sections_by_all_words(reader):
    assert "create-an-event" in [found.section.anchor for found in find("idempotency-key", limit=9)]
    assert find("erase customer", limit=1)[0].section.anchor == "erase-a-customer"
    assert find("", limit=5) == find("nosuchword", limit=5) == []

    assert "/docs/customers/#erase-a-customer" in text_of(reader, "/docs/search/?q=erase+customer")
    part = text_of(reader, "/docs/search/?q=erase+customer&part")
    assert part.startswith("<ul")


def test_what_is_searched_for_is_escaped(reader):
    assert "<script>x" not in text_of(reader, "/docs/search/?q=<script>x")


@pytest.mark.parametrize("path", ["/docs/nothing/", "/docs/nothing.md", "/docs/guides/nothing/"])
def test_what_is_no_page_is_404(reader, path):
    assert reader.get(path).status_code == 404


def test_pages_only_answer_reads(reader):
    assert reader.post("/docs/").status_code == 405
