"""What metrics cost a request: ``python -m benchmarks.observability``, in microseconds of processor time.

All that a POST of one event counts, in prometheus_client's multiprocess mode as under gunicorn.
"""

import os
import tempfile
import time
from collections.abc import Callable

os.environ["DJANGO_SETTINGS_MODULE"] = "traitly.settings"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp()  # before the client is imported

import django

django.setup()

from django.http import HttpRequest, HttpResponse

from traitly.http.observe import ObserveMiddleware
from traitly.observability.metrics import STATEMENT_ROWS, count_items, count_key_lookup

_TIMES = 100_000


def _microseconds(workload: Callable[[], object]) -> float:
    workload()
    begin = time.process_time()
    for _ in range(_TIMES):
        workload()
    return (time.process_time() - begin) / _TIMES * 1e6


def main() -> None:
    """Print it."""
    request, response = HttpRequest(), HttpResponse()
    request.method = "POST"
    middleware = ObserveMiddleware(lambda _request: response)

    def counted() -> None:
        count_key_lookup(cached=True)
        STATEMENT_ROWS.observe(1)
        count_items("event", accepted=1, rejected=0, duplicates=0)
        middleware(request)

    print(f"{_microseconds(counted):.1f} microseconds a request")


if __name__ == "__main__":
    main()
