"""Delivers webhooks: one task for each, in one process or several. ``manage.py run_worker`` runs it."""

import asyncio
import datetime
import logging
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

from django.core.mail import send_mail
from django.db import Error, connection
from django.utils import timezone

from events.counting import count_all
from feed import recording
from feed.attempts import new_attempt
from feed.hooks import Hook, Message
from feed.models import Attempt, Delivery, Webhook
from feed.pages import Pages
from feed.recording import LEASE_SECONDS, RETRIES, Moved
from feed.sending import SendResult, new_session, send
from feed.waiting import Waiter, watch
from traitly import nightly

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

_DATABASE_THREADS = 4
_LOOKUP_THREADS = 64  # names that are slow to look up keep nobody else waiting
_RENEW_SECONDS = 1.0
_FLUSH_SECONDS = 0.1
_MAX_WAIT = 60.0
_MAX_JITTER = 0.1
_DAY = datetime.timedelta(days=1)
_HOUR = datetime.timedelta(hours=1)
_MINUTE = datetime.timedelta(minutes=1)


class Worker:
    """A process that delivers. ``run`` ends after ``stop``."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self._started_at = timezone.now()
        self._hooks: dict[uuid.UUID, Hook] = {}
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._database = ThreadPoolExecutor(_DATABASE_THREADS, "database")
        self._pages = Pages(self._ask)
        self._moved: dict[uuid.UUID, Moved] = {}
        self._attempts: list[Attempt] = []
        self._flushing = asyncio.Lock()
        self._leased_until = 0.0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End soon: what has been sent is waited for and written down."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until ``stop``."""
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(_LOOKUP_THREADS, "lookup")
        )
        async with new_session() as self._session:
            background = [
                asyncio.create_task(each) for each in (self._flush_often(), self._do_chores())
            ]
            while not self._stopping.is_set():
                await self._renew()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RENEW_SECONDS)
            for hook in self._hooks.values():
                hook.stop()
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=20)
            for task in (*background, *self._tasks.values()):
                task.cancel()
        with suppress(Error):
            await self._flush()
            await self._once(recording.release, self.id)
        for _ in range(_DATABASE_THREADS):
            self._database.submit(_close_connection)
        self._database.shutdown()

    # The database
    # ----------------------------------------------------------------------------------------------------

    async def _once(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it in a thread that has a connection."""

        def call() -> R:
            try:
                return function(*args, **kwargs)
            except Error:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._database, call)

    async def _ask(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same, again and again while the database is away."""
        while True:
            try:
                return await self._once(function, *args, **kwargs)
            except Error as error:
                logger.warning("The database did not respond, trying again: %s", error)
                await asyncio.sleep(1)

    # Who serves what
    # -------------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        """Renew the leases, and begin, change and end what they say. Without the database they run out."""
        started = time.monotonic()
        try:
            await self._once(recording.heartbeat, self.id, self._started_at)
            rows = {row.pk: row for row in await self._once(recording.claim, self.id)}
            due: dict[uuid.UUID, list[Delivery]] = {}
            for delivery in await self._once(recording.due, self.id):
                due.setdefault(delivery.webhook_id, []).append(delivery)
        except Error as error:
            logger.warning("The leases could not be renewed: %s", error)
            return
        self._leased_until = started + LEASE_SECONDS
        for webhook_id in self._hooks.keys() - rows.keys():
            self._hooks.pop(webhook_id).stop()
        for webhook_id, row in rows.items():
            hook = self._hooks.get(webhook_id)
            if hook is not None and not self._tasks[webhook_id].done():
                hook.refresh(row, due.get(webhook_id, []))
            elif webhook_id not in self._tasks or self._tasks[webhook_id].done():
                hook = self._hooks[webhook_id] = Hook(row, due.get(webhook_id, []))
                self._tasks[webhook_id] = asyncio.create_task(self._serve(hook))

    async def _serve(self, hook: Hook) -> None:
        try:
            while not hook.stopped:
                hook.wakeup.clear()
                await self._step(hook)
        except Exception:
            logger.exception("A webhook could not be delivered: %s", hook.row.pk)
            await asyncio.sleep(_RENEW_SECONDS)  # the next renewal begins anew

    async def _step(self, hook: Hook) -> None:
        """Do one thing for a webhook, or wait until there is one to do."""
        if time.monotonic() > self._leased_until:
            await hook.wait(_RENEW_SECONDS)
        elif hook.row.test_requested_at:
            await self._test(hook)
        elif not hook.row.enabled:
            await hook.wait(_MAX_WAIT)
        elif (delivery := hook.due(timezone.now())) is not None:
            await self._retry(hook, delivery)
        elif hook.pending:
            until = hook.pending.next_attempt_at - timezone.now()  # type: ignore[operator]
            await hook.wait(max(0.0, until.total_seconds()))
        elif message := await hook.next_message(self._pages):
            await self._deliver(hook, message)
        else:
            await self._wait_for_entries(hook)

    async def _wait_for_entries(self, hook: Hook) -> None:
        loop = asyncio.get_running_loop()

        def news() -> None:
            self._pages.news(hook.row.account_id)
            hook.wakeup.set()

        def wake() -> None:
            with suppress(RuntimeError):  # the worker has ended
                loop.call_soon_threadsafe(news)

        give_up = watch.add(
            Waiter(hook.row.account_id, hook.read_to, time.monotonic() + _MAX_WAIT, wake)
        )
        await hook.wait(_MAX_WAIT)
        give_up()

    # Sending
    # ---------------------------------------------------------------------------------------------------------

    async def _deliver(self, hook: Hook, message: Message) -> None:
        result = await self._send(hook, message.id, message.body, message.entries)
        if hook.moved_away(message):
            return  # rewound meanwhile
        if result.accepted:
            hook.delivered(message)
            self._moved[hook.row.pk] = Moved(hook.row.pk, message.end.cursor, message.rewinds)
            return
        delivery = Delivery(
            webhook_id=hook.row.pk,
            message_id=message.id,
            body=message.body,
            entries=message.entries,
            end=message.end.cursor,
            failures=0,
        )
        hook.delivered(message)  # it is the delivery's now
        await self._flush()
        await self._failed(hook, delivery, result)

    async def _retry(self, hook: Hook, delivery: Delivery) -> None:
        result = await self._send(hook, delivery.message_id, bytes(delivery.body), delivery.entries)
        if hook.left(delivery):
            return
        if result.accepted:
            await self._ask(recording.record_success, self.id, delivery)
            hook.forget(delivery)
        else:
            await self._failed(hook, delivery, result)

    async def _failed(self, hook: Hook, delivery: Delivery, result: SendResult) -> None:
        delivery.failures += 1
        delay: float = max(RETRIES[min(delivery.failures, len(RETRIES)) - 1], result.retry_after)
        delay *= random.uniform(1, 1 + _MAX_JITTER)
        row = await self._ask(recording.record_failure, self.id, delivery, result, delay)
        if row is None:
            hook.stop()
            return
        hook.failed(delivery, row)
        if not row.enabled:
            await self._tell_owners(row)

    async def _test(self, hook: Hook) -> None:
        body, identifier = hook.test_message()
        await self._send(hook, identifier, body, 1)
        await self._flush()
        await self._ask(recording.test_is_done, hook.row)
        hook.row.test_requested_at = None

    async def _send(self, hook: Hook, identifier: str, body: bytes, entries: int) -> SendResult:
        begun, at = time.monotonic(), timezone.now()
        headers = hook.headers(identifier, body)
        result = await send(self._session, hook.row.url, headers, body)
        if hook.log.wants(accepted=result.accepted):
            taken = time.monotonic() - begun
            self._attempts.append(
                new_attempt(hook.row.pk, identifier, at, taken, entries, body, result)
            )
        return result

    async def _tell_owners(self, row: Webhook) -> None:
        text = (
            f"The webhook to {row.url} of {row.account.name} was switched off: {row.get_stopped_display()}.\n\n"
            "Nothing is lost. Switch it on again in the portal, and it continues where it stopped.\n"
        )

        def mail() -> None:
            send_mail(
                f"[Traitly] A webhook of {row.account.name} was switched off",
                text,
                None,
                recording.owners(row),
            )

        try:
            await self._once(mail)
        except Exception:
            logger.exception(
                "The mail to the owners about a webhook that was switched off failed: %s", row.pk
            )

    # In the background
    # -----------------------------------------------------------------------------------------------

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            with suppress(Error):
                await self._flush()

    async def _flush(self) -> None:
        """Write down how far webhooks are: many at once, and not with each request, which would cost more than sending it.

        A worker that dies leaves what it has delivered since to be delivered again, under the same
        ids.
        """
        async with self._flushing:
            moved, self._moved = self._moved, {}
            attempts, self._attempts = self._attempts, []
            if not moved and not attempts:
                return
            try:
                await self._once(recording.move, self.id, list(moved.values()), attempts)
            except Error:
                self._moved = moved | self._moved
                raise

    async def _do_chores(self) -> None:
        while True:
            for name, every, work in (
                ("attempts", _MINUTE, recording.prune_attempts),
                ("stats", _HOUR, lambda: count_all(seconds=60)),
                ("nightly", _DAY, lambda: len(list(nightly.run()))),
            ):
                try:
                    if await self._once(recording.begin_chore, name, every):
                        await self._once(work)
                except Exception:
                    logger.exception("A worker's chore failed: %s", name)
            await asyncio.sleep(30)


def _close_connection() -> None:
    time.sleep(0.05)  # so that each thread takes one of these
    connection.close()
