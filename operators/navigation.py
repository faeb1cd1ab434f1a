"""The admin's sidebar: what operators look for, in groups, under plain names."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

_DASHBOARD = {"title": "Dashboard", "icon": "monitoring", "link": "admin:index"}
# A group's title, and its links: title, icon (of Google's Material Symbols), the model's app and
# name.
_GROUPS = {
    "Accounts": (
        ("Accounts", "domain", "accounts.account"),
        ("Team members", "group", "accounts.user"),
        ("API keys", "key", "accounts.apikey"),
    ),
    "Data": (
        ("Customers", "person", "customers.customer"),
        ("Events", "bolt", "events.event"),
        ("Rejections", "report", "rejections.rejection"),
    ),
    "Webhooks": (
        ("Webhooks", "webhook", "feed.webhook"),
        ("Failed deliveries", "warning", "feed.delivery"),
        ("Workers", "memory", "feed.worker"),
    ),
    "Security": (
        ("Audit log", "history", "accounts.auditentry"),
        ("Operators' log", "admin_panel_settings", "admin.logentry"),
        ("Email addresses", "mail", "account.emailaddress"),
        ("Second factors", "encrypted", "mfa.authenticator"),
    ),
}


def groups(_request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as django-unfold wants it: an item is left out for who may not view what it leads to."""
    return [
        {"items": [_DASHBOARD | {"link": reverse(_DASHBOARD["link"])}]},
        *(
            {"title": title, "items": [_item(*link) for link in links]}
            for title, links in _GROUPS.items()
        ),
    ]


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{app}_{name}_changelist"),
        "permission": _viewer_of(app, name),
    }


def _viewer_of(app: str, name: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(f"{app}.view_{name}")
