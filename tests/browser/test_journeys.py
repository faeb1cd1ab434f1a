"""What people come for, from the first page to the last."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.browser.conftest import PASSWORD, wait_for

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


def status(server, key):
    """What the API answers to the key."""
    request = urllib.request.Request(
        f"{server.address}/api/v1/customer", headers={"Authorization": f"Token {key}"}
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_from_signing_up_to_the_first_event(visitor):
    visitor.sign_up()
    page = visitor.page
    assert page.locator(".panel.waiting").is_visible()
    visitor.press("Copy key")
    assert page.evaluate("navigator.clipboard.readText()") == visitor.key()
    page.get_by_role("button", name="Copy “Send an event”").click()
    command = page.evaluate("navigator.clipboard.readText()")
    assert visitor.key() in command
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["data"][0]["success"] == 1
    page.locator(".panel.arrived").wait_for(timeout=2000)
    assert "Customer C" in page.locator(".panel.arrived").inner_text()


def test_every_command_works_as_it_is_shown_and_the_customer_is_found(visitor):
    visitor.sign_up()
    texts = visitor.page.locator(".code pre").all_text_contents()
    responses = []
    for text in texts:
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
        responses.append(json.loads(done.stdout)["data"])
    assert [len(response) for response in responses] == [1, 1, 1, 1]
    visitor.page.get_by_role("link", name="Customers", exact=True).click()
    visitor.page.get_by_label("Search", exact=True).press_sequentially("John")
    visitor.page.locator("#customers").get_by_role("link", name="John Smith").click()
    visitor.page.get_by_role("heading", name="John Smith").wait_for()
    assert "San Francisco" in visitor.page.locator("main").inner_text()
    visitor.open("/quickstart/")
    visitor.page.get_by_role("link", name="Python").click()
    visitor.page.wait_for_url("**language=python**")
    for text in visitor.page.locator(".code pre").all_text_contents():
        done = subprocess.run(["python3", "-c", text], capture_output=True, text=True, check=True)
        assert "'data': [" in done.stdout


def test_password_reset(visitor, new_visitor, server):
    email = visitor.sign_up()
    other = new_visitor()
    other.open("/login/")
    other.press("Forgot your password?")
    other.fill(Email=email)
    other.press("Send link")
    other.page.get_by_role("heading", name="Check your mail").wait_for()
    other.page.goto(server.link_for(email))
    other.page.get_by_label("New password", exact=True).fill("another good one")
    other.page.get_by_label("New password again").fill("another good one")
    other.press("Set password")
    other.page.get_by_role("heading", name="Your new password is set").wait_for()
    other.press("Log in")
    other.fill(Email=email, Password="another good one")
    other.press("Log in")
    other.page.get_by_role("navigation", name="Main").wait_for()
    visitor.page.wait_for_url(
        "**/login/**"
    )  # sessions under the old password have ended, and the open page sees it


def test_invite(visitor, new_visitor, server):
    visitor.sign_up("Initech & Sons")
    visitor.open("/team/")
    visitor.page.get_by_label("Email", exact=True).fill("colleague@initech.example")
    visitor.press("Send invitation")
    visitor.page.get_by_text("An invitation was sent to colleague@initech.example.").wait_for()
    colleague = new_visitor()
    colleague.page.goto(server.link_for("colleague@initech.example"))
    colleague.press("Sign up")
    colleague.fill(Password=PASSWORD)
    colleague.press("Join")
    colleague.page.wait_for_url("**/quickstart/")
    assert "Initech & Sons" in colleague.page.locator(".top").inner_text()
    assert "Members cannot see API keys" in colleague.page.locator("main").inner_text()
    assert not colleague.page.get_by_role("link", name="API keys").count()
    visitor.open("/team/")
    visitor.press("Remove colleague@initech.example")
    visitor.press("Remove")
    visitor.page.get_by_text("colleague@initech.example is no longer in Initech & Sons.").wait_for()
    colleague.page.get_by_role(
        "heading", name="You are not in any account"
    ).wait_for()  # the open page sees it by itself


def test_create_rotate_and_revoke_a_key(visitor, server):
    visitor.sign_up()
    visitor.open("/keys/")
    visitor.press("Create a key")
    visitor.fill(Name="Website")
    visitor.press("Create key")
    first = visitor.key()
    assert status(server, first) == 200
    visitor.press("Rotate the key Website")
    visitor.page.get_by_label("The old key").select_option("Works for 1 more hour")
    visitor.press("Rotate key")
    second = visitor.key()
    assert second != first
    assert (status(server, first), status(server, second)) == (200, 200)
    visitor.press(f"Revoke the key Website, traitly_…{first[-4:]}")
    visitor.press("Revoke key")
    visitor.page.get_by_text("was revoked").wait_for()
    wait_for(lambda: status(server, first) == 401, seconds=6)
    assert status(server, second) == 200
    visitor.press(f"Reveal the key Website, traitly_…{second[-4:]}")
    assert visitor.key() == second
    visitor.open("/audit/")
    page = visitor.page.locator("main").inner_text()
    for words in ("API key created", "API key rotated", "API key revoked", "API key revealed"):
        assert words in page


def test_delete_the_account(visitor, server):
    visitor.sign_up("Short-lived")
    key = visitor.key()
    visitor.open("/settings/")
    with visitor.page.expect_download() as download:
        visitor.press("Download customers")
    assert download.value.suggested_filename.startswith("traitly-customers-")
    visitor.press("Delete account…")
    visitor.page.get_by_label("Type the account's name to confirm").fill("Wrong")
    visitor.press("Delete everything")
    visitor.page.get_by_text("That is not the account's name.").wait_for()
    visitor.page.get_by_label("Type the account's name to confirm").fill("Short-lived")
    visitor.press("Delete everything")
    visitor.page.get_by_role("heading", name="Short-lived is gone").wait_for(timeout=20_000)
    assert "API keys" in visitor.page.locator(".facts").inner_text()
    assert status(server, key) == 401
    visitor.open("/")
    assert "/login/" in visitor.page.url
