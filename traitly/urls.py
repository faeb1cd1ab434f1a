"""All URLs: the API, its documentation, the operators' admin, and the portal."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path

from assistants.server import server as mcp
from portal.example_key import example_key
from reference.urls import docs_urls
from reference.views import llms
from traitly.http import health
from traitly.http.metrics import metrics
from traitly.http.views import unknown_url

# The admin's own log-in has no rate limit and no second factor, so operators log in like everyone
# else.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "portal.views.errors.server_error"

urlpatterns = [
    # The reference prints some URLs with the version and some without; both are the same endpoints.
    re_path(
        r"^api/(?:v1/)?",
        include([path("", include(f"{app}.urls")) for app in ("events", "customers", "feed")]),
    ),
    path("", include("segment.urls")),
    re_path(r"^(?:api|v1)(?:/|$)", unknown_url),
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics, name="metrics"),
    path("docs/", include(docs_urls(example_key))),
    path("llms.txt", llms),
    re_path(r"^mcp/?\Z", mcp),
    path("admin/", admin.site.urls),
    path("", include("portal.urls")),
]
