"""The operators' admin: django-unfold's site under this project's policies."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

# What django-unfold's pages need beside the policy of all pages (docs/operations.md says why that
# is bearable): Alpine.js makes functions of what stands in attributes, and sets style attributes.
# Scripts and stylesheets come from here alone.
CONTENT_SECURITY_POLICY = {"script-src": ["'unsafe-eval'"], "style-src-attr": ["'unsafe-inline'"]}


class OperatorsSite(UnfoldAdminSite):  # type: ignore[misc]  # untyped
    """The site at /admin/. Who logs in there logs in as everyone does: see ``traitly.urls``."""

    index_title = "Dashboard"

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Any:
        """The view for operators only, under the admin's own policy."""
        return csp_update(CONTENT_SECURITY_POLICY)(super().admin_view(view, cacheable))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page needs. Colours stand in a stylesheet: the policy forbids them in the page."""
        return {**super().each_context(request), "colors": None}

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Operators change their password where everyone does, so that it is noted, mailed and asked for again there."""
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Log out, to where everyone logs in."""
        response = super().logout(request, extra_context)
        return redirect("account_login") if response.status_code == HTTPStatus.OK else response
