"""Sends requests, and sends them again when that may help."""

from __future__ import annotations

import time
from typing import Any

import httpx

from traitly import _forks
from traitly._backoff import Backoff
from traitly._protocol import Request, Settings, network_error, read_response
from traitly.errors import TraitlyError


class Transport:
    """A pool of connections to one server."""

    def __init__(self, settings: Settings, http_client: httpx.Client | None = None) -> None:
        self.settings = settings
        self._given = http_client is not None
        self._http = http_client or httpx.Client()
        _forks.watch(self)

    def send(self, request: Request) -> dict[str, Any]:
        """The envelope of the response; retries on what may pass.

        Raises NetworkError or APIError.
        """
        backoff = Backoff(self.settings.max_retries)
        while True:
            try:
                return self.attempt(request)
            except TraitlyError as error:
                seconds = backoff.wait_after(error)
            time.sleep(seconds)

    def attempt(self, request: Request) -> dict[str, Any]:
        """The envelope, from one attempt.

        Raises NetworkError or APIError.
        """
        try:
            response = self._http.request(**self.settings.http_request(request))
        except httpx.TransportError as error:
            raise network_error(self.settings, request, error) from error
        return read_response(self.settings, request, response)

    def close(self) -> None:
        """Close the connections, unless the httpx client is the caller's own."""
        if not self._given:
            self._http.close()

    def before_fork(self) -> None:
        """Nothing to do."""

    def after_fork_in_parent(self) -> None:
        """Nothing to do."""

    def after_fork_in_child(self) -> None:
        """Leave the parent's connections alone: two processes that write to one socket mix up their requests."""
        if not self._given:
            self._http = httpx.Client()
