"""The blocking client. Made from ``_sync`` by ``tools/make_sync.py``: change the code there."""
