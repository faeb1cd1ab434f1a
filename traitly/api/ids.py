"""Ids are made by the application, so that a row knows its id before any database does (see docs/scale.md)."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A UUIDv7: unique, and in the order of time, so that new rows lie together in an index."""
    return uuid_utils.compat.uuid7()
