"""Ids are made by the application, so that a row knows its id before any database does (see docs/scale.md)."""

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A UUIDv7: unique, and in the order of time, so that new rows lie together in an index."""
    return uuid.UUID(new_text_id())


def new_text_id() -> str:
    """The same as text."""
    return str(uuid_utils.uuid7())
