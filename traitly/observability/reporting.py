"""Reports errors to Sentry, if SENTRY_DSN is set."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured


def report_to_sentry(dsn: str, **options: Any) -> None:
    """Send logged errors, without anything that a client sent."""
    try:
        import sentry_sdk  # noqa: PLC0415  optional
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN needs an extra package: pip install -r requirements-observability.txt"
        ) from error
    sentry_sdk.init(
        dsn,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,  # they would contain statements, among others
        before_send=without_what_was_sent,
        **options,
    )


def without_what_was_sent(event: Any, _hint: Any = None) -> Any:
    """The event without URLs, headers and parameters, and without rows that PostgreSQL quotes."""
    event["request"] = {"method": event.get("request", {}).get("method")}
    for exception in event.get("exception", {}).get("values", []):
        exception["value"] = str(exception.get("value") or "").partition("\n")[0]
    return event
