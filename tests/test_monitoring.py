"""The dashboard and the alerts in docs/monitoring ask for metrics that there are."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

MONITORING = Path(__file__).parent.parent / "docs/monitoring"
# Where gunicorn has refused something, and where a background worker has run.
WITH_PROCESSES = {"traitly_refused_total", "traitly_background_worker_seen_seconds"}


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yml"])
def test_every_metric_that_is_asked_for_is_there(api, settings, name):
    settings.METRICS_TOKEN = "token"
    api.post("event", [{"customer_id": "1", "name": "x"}, {}])
    text = Client().get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    served = set(re.findall(r"^(traitly_\w+)", text, re.MULTILINE)) | WITH_PROCESSES

    asked = set(re.findall(r"\btraitly_\w+", (MONITORING / name).read_text()))

    assert asked
    assert asked <= served


def test_the_dashboard_is_json():
    assert json.loads((MONITORING / "grafana.json").read_text())["panels"]
