"""Ids are made by the application, so that a row's id is known before it reaches a database (see docs/scale.md)."""

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A UUIDv7: unique and ordered by time, so that new rows are adjacent in an index."""
    return uuid.UUID(new_text_id())


def new_text_id() -> str:
    """The same as text."""
    return str(uuid_utils.uuid7())
