"""Django's application in this process, called as gunicorn calls it, without a socket in between."""

import gc
import io
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contestants import TRAITLY
from benchmarks.measure import Dataset, Testbed

# From method, address and body to the answer's status.
Ask = Callable[[str, str, bytes], int]


def application(testbed: Testbed, dataset: Dataset, folder: Path) -> Ask:
    """Traitly on a dataset, asked with its first key. Once in a process: Django reads its settings once."""
    os.environ |= TRAITLY.variables(testbed.postgres.url(dataset.database), folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "traitly.settings"
    from traitly.wsgi import application

    logging.disable(logging.WARNING)
    gc.collect()
    gc.freeze()  # as gunicorn.conf.py does

    def ask(method: str, address: str, body: bytes = b"") -> int:
        statuses: list[str] = []

        def start(status: str, _headers: Any, _error: Any = None, /) -> Callable[[bytes], object]:
            statuses.append(status)
            return statuses.append  # type: ignore[return-value]  # nobody writes

        path, _, query = address.partition("?")
        environment = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "RAW_URI": address,
            "HTTP_HOST": "localhost",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_AUTHORIZATION": f"Token {dataset.keys[0]}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        response = application(environment, start)
        b"".join(response)
        response.close()
        return int(statuses[0].split()[0])

    return ask
