"""A span for each request by OpenTelemetry, if OTEL_EXPORTER_OTLP_ENDPOINT is set. Its other variables work as usual.

Not by opentelemetry-instrumentation-django: its spans hold paths, and those hold identifiers of
customers.
"""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase

try:
    from opentelemetry import propagate, trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as error:
    message = "OTEL_EXPORTER_OTLP_ENDPOINT needs extra packages: pip install -r requirements-observability.txt"
    raise ImproperlyConfigured(message) from error


@cache
def _provider() -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": "traitly"}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter())
    )  # restarts in each forked process
    return provider


class TracingMiddleware:
    """Puts each request into a span of the trace that ``traceparent`` names."""

    def __init__(
        self,
        get_response: Callable[[HttpRequest], HttpResponseBase],
        provider: TracerProvider | None = None,
    ) -> None:
        self.get_response = get_response
        self._tracer = (provider or _provider()).get_tracer("traitly")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request within its span."""
        context = propagate.extract(
            {name.lower(): value for name, value in request.headers.items()}
        )
        with self._tracer.start_as_current_span("request", context, trace.SpanKind.SERVER) as span:
            response = self.get_response(request)
            match = request.resolver_match
            route = match.view_name if match else "none"
            span.update_name(f"{request.method} {route}")
            span.set_attribute("http.request.method", request.method or "")
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", response.status_code)
            span.set_attribute("traitly.request_id", response.headers.get("X-Request-ID", ""))
            credential = getattr(request, "auth", None)
            if credential:
                span.set_attribute("traitly.account", credential.account_id)
                span.set_attribute("traitly.key", credential.key_id)
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                span.set_status(trace.StatusCode.ERROR)
        return response
