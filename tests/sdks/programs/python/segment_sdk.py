"""Segment's and RudderStack's Python SDKs: says one of everything, then TRACKS events, a few at a time."""

import os
import sys
import time

url, key, tracks = os.environ["URL"], os.environ["KEY"], int(os.environ["TRACKS"])
gzip = os.environ.get("GZIP") == "1"
if os.environ["SDK"] == "rudder":
    from rudderstack.analytics.client import Client

    client = Client(key, host=url, gzip=gzip, max_retries=10, upload_interval=0.3, upload_size=5)
else:
    from segment.analytics.client import Client

    client = Client(key, host=url, gzip=gzip, max_retries=10, upload_interval=0.3, upload_size=5)

failed = []
client.on_error = lambda error, items: failed.append(error)

client.identify(
    "user-1", {"name": "Ann Lee", "email": "ann@example.com", "plan": "Grow", "logins": 5}
)
client.track("user-1", "Signed Up", {"source": "ad", "amount": 12.5}, message_id="track-1")
client.page("user-1", "Docs", "Index", {"path": "/docs"}, message_id="page-1")
client.screen("user-1", "App", "Home", {"tab": "start"}, message_id="screen-1")
client.group("user-1", "org-7", {"name": "Acme"})
client.alias("anon-1", "user-1")
for number in range(tracks):
    client.track("user-2", "Counted", {"number": number}, message_id=f"counted-{number}")
    time.sleep(0.1)
client.flush()
client.join() if hasattr(client, "join") else None
if failed:
    sys.exit(f"lost: {failed}")
