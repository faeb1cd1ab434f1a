"""Addresses below /docs/."""

from django.urls import URLPattern, path, re_path

from reference import views


def docs_urls(find_key: views.FindKey) -> tuple[list[URLPattern], str]:
    """What the project's URLconf includes. ``find_key`` gives a reader's own API key, to fill in."""
    patterns = [
        path("", views.show, {"find_key": find_key}, name="index"),
        path("openapi.json", views.openapi_json, name="openapi_json"),
        path("openapi.yaml", views.openapi_yaml, name="openapi_yaml"),
        path("search/", views.search, name="search"),
        re_path(r"^(?P<slug>[a-z/-]+)\.md$", views.markdown, name="markdown"),
        re_path(r"^(?P<slug>[a-z/-]+)/$", views.show, {"find_key": find_key}, name="page"),
    ]
    return patterns, "reference"
