"""The API as an OpenAPI 3.1 document, built from the code that serves it.

Types come from the apps' ``schemas`` by pydantic, filters and orders from their
``ListDefinition``s, addresses from the URLconf; what remains to be said in prose is in
``operations`` and ``fields``. drf-spectacular reads serializers, querysets and renderers: these
viewsets have none, so it would have been told everything by hand and found nothing.
"""
