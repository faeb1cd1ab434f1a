"""The client for asyncio. ``_sync`` is made from this folder by ``tools/make_sync.py``: change the code here."""
