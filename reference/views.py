"""The pages of /docs/, the OpenAPI document, and Markdown for programs."""

import json
from collections.abc import Callable
from html import escape

import yaml
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from reference.commands import LANGUAGES, PLACEHOLDER
from reference.openapi.document import PUBLISHED_SERVER, build_document
from reference.pages import Page, pages
from reference.plain import llms_txt, page_markdown
from reference.search import find

FindKey = Callable[[HttpRequest], str | None]


@require_safe
def show(request: HttpRequest, find_key: FindKey, slug: str = "") -> HttpResponse:
    """A page, its commands with the reader's own host, and key if there is one."""
    page = _page(slug)
    language = request.GET.get("language", "")
    key = find_key(request)
    around = list(pages().values())
    place = around.index(page)
    context = {
        "page": page,
        "groups": _groups(),
        "language": language if language in LANGUAGES else next(iter(LANGUAGES)),
        "languages": LANGUAGES.items(),
        "has_key": key is not None,
        "previous": around[place - 1] if place else None,
        "next": around[place + 1] if place + 1 < len(around) else None,
    }
    return _for_reader(request, render_to_string("reference/page.html", context, request), key)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What is found for ``q``: a page, or with ``part`` only the list, for the box that asks while one types."""
    text = request.GET.get("q", "")[:200]
    part = "part" in request.GET
    template = "reference/results.html" if part else "reference/search.html"
    context = {
        "q": text,
        "results": find(text, limit=8 if part else 50),
        "groups": _groups(),
        "languages": LANGUAGES.items(),
    }
    return render(request, template, context)


@require_safe
def markdown(request: HttpRequest, slug: str) -> HttpResponse:
    """A page as Markdown."""
    page = _page("" if slug == "introduction" else slug)
    text = page_markdown(page).replace(PUBLISHED_SERVER, _server(request))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """/llms.txt: where programs find what there is to read."""
    return HttpResponse(llms_txt(_server(request)), content_type="text/plain; charset=utf-8")


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document for this server; any page may read it."""
    text = json.dumps(build_document(_server(request)), ensure_ascii=False)
    return _open(HttpResponse(text, content_type="application/json"))


@require_safe
def openapi_yaml(request: HttpRequest) -> HttpResponse:
    """The same as YAML."""
    text = yaml.safe_dump(
        build_document(_server(request)), sort_keys=False, allow_unicode=True, width=120
    )
    return _open(HttpResponse(text, content_type="application/yaml"))


def _open(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = (
        "*"  # for editors and clients in a browser; it says nothing of anyone
    )
    return response


def _page(slug: str) -> Page:
    try:
        return pages()[slug]
    except KeyError:
        raise Http404("There is no such page.") from None


def _groups() -> list[tuple[str, list[Page]]]:
    """The contents: each group with its pages."""
    found: dict[str, list[Page]] = {}
    for page in pages().values():
        found.setdefault(page.group, []).append(page)
    return list(found.items())


def _server(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _for_reader(request: HttpRequest, text: str, key: str | None) -> HttpResponse:
    text = text.replace(PUBLISHED_SERVER, escape(_server(request)))
    if key is not None:
        text = text.replace(PLACEHOLDER, escape(key))
    response = HttpResponse(text)
    patch_cache_control(response, private=True, **({"no_store": True} if key else {}))
    return response
