"""Nothing is sent to where only this machine or its network gets."""

import asyncio
import ipaddress
from contextlib import suppress
from typing import Any

import pytest

from feed.addresses import check_url, is_allowed
from feed.sending import new_session, send
from tests.feed.receiver import receiving

INSIDE = [
    "127.0.0.1", "127.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0xa9fea9fe", "224.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "localhost", "LOCALHOST", "localhost.", "x.localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_a_url_that_names_a_private_address_is_refused(host):
    assert "public address" in str(check_url(f"http://{host}/x"))
    assert "public address" in str(check_url(f"https://{host}:8443/x"))


@pytest.mark.parametrize(
    "host", ["example.com", "8.8.8.8", "[2606:4700::1111]", "a.example.com:8443"]
)
def test_public_addresses_are_not(host):
    assert check_url(f"https://{host}/hook?a=b") is None


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "file:///etc/passwd", "gopher://example.com", "example.com", "http://", "", "http:///x",
     "http://user:secret@example.com", "http://[::1", "http://example.com:99999", "http://exa mple.com",
     "http://example.com/\n", "https://example.com/" + "a" * 2000, "javascript:alert(1)", "http://exämple.com"],
)  # fmt: skip
def test_other_urls_are_refused(url):
    assert check_url(url)


def test_the_operator_may_allow_networks(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [
        ipaddress.ip_network("10.1.0.0/16"),
        ipaddress.ip_network("::1"),
    ]
    assert check_url("http://10.1.2.3/") is None
    assert check_url("http://[::1]/") is None
    assert check_url("http://10.2.0.1/")
    assert is_allowed("10.1.0.1")


def attempt(url: str):
    async def run():
        async with new_session() as session:
            return await send(session, url, {}, b"{}")

    return asyncio.run(run())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_nothing_is_sent_inside(host):
    with receiving() as receiver:
        port = receiver.server.server_port
        answer = attempt(f"http://{host}:{port}/")
    assert answer.status is None
    assert "public address" in answer.text
    assert not receiver.unverified


def test_a_name_that_leads_inside_is_refused_when_it_is_looked_up(monkeypatch):
    """Also if it led elsewhere a moment ago: what is connected to is what was checked, and nothing is looked up again."""
    answers = iter(["93.184.216.34", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
    asked = []

    async def look_up(host, port, **_):
        address = next(answers)
        asked.append(address)
        family = 10 if ":" in address else 2
        return [(family, 1, 6, "", (address, port, 0, 0) if family == 10 else (address, port))]

    async def main():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", look_up)
        connected: list[str] = []

        async def connect(*, addr_infos, **_):
            connected.extend(info[4][0] for info in addr_infos)
            raise OSError("no network in a test")

        monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connect)
        told = []
        for _ in range(5):
            async with new_session() as session:
                told.append((await send(session, "http://rebinding.example.com/", {}, b"{}")).text)
        return connected, told

    connected, told = asyncio.run(main())
    assert connected == ["93.184.216.34"]
    assert len(asked) == 5
    assert all("not a public address" in text for text in told[1:])


def this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def until_gone(reader, writer):
    """Hold the connection until the client ends it; leave no socket for others to trip over."""
    with suppress(ConnectionError):
        await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def test_at_most_64_kib_of_an_answer_are_read(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]

    async def run():
        handlers: list[asyncio.Task[Any]] = []

        async def answer(reader, writer):
            handlers.append(this_task())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1_000_000)
            await until_gone(reader, writer)

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with new_session() as session:
            found = await send(session, f"http://127.0.0.1:{port}/", {}, b"{}")
        server.close()
        await server.wait_closed()
        await asyncio.gather(*handlers)
        return found

    found = asyncio.run(run())
    assert found.status == 200
    assert len(found.text) == 64 * 1024


def test_a_receiver_that_drips_is_given_up_in_time(settings, monkeypatch):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr("feed.sending.SECONDS", 1)

    async def run():
        handlers: list[asyncio.Task[Any]] = []

        async def answer(reader, writer):
            handlers.append(this_task())
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.1)
            await until_gone(reader, writer)

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with new_session() as session:
            found = await send(session, f"http://127.0.0.1:{port}/", {}, b"{}")
        server.close()
        await server.wait_closed()
        await asyncio.gather(*handlers)
        return found

    found = asyncio.run(run())
    assert found.status is None
    assert "within 1 seconds" in found.text
