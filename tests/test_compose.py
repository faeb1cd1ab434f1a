"""The compose files, as far as that can be told without starting them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FILES = ("docker-compose.yml", "docker-compose.citus.yml")
PASSWORDS = {"POSTGRES_PASSWORD": "owner", "WEB_DATABASE_PASSWORD": "web"}


def services(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def compose_is_there() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return not subprocess.run(
        [docker, "compose", "version"], capture_output=True, check=False
    ).returncode


@pytest.mark.skipif(not compose_is_there(), reason="needs docker compose")
@pytest.mark.parametrize("file", FILES)
def test_compose_takes_the_file(file: str) -> None:
    command = ["docker", "compose", "--file", file, "config", "--quiet"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | PASSWORDS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", FILES)
def test_no_service_has_more_rights_than_it_needs(file: str) -> None:
    for name, service in services(file).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert "docker.sock" not in (ROOT / file).read_text()


@pytest.mark.parametrize("name", ["web", "worker", "migrate"])
def test_on_citus_the_server_takes_the_same_settings(name: str) -> None:
    plain, citus = (services(file)[name]["environment"] for file in FILES)
    assert plain.keys() == citus.keys()
    assert {key for key in plain if plain[key] != citus[key]} <= {
        "DATABASE_URL",
        "WEB_DATABASE_PASSWORD",
    }


def test_the_nodes_of_citus_have_one_pinned_image_and_passwords_that_must_be_set() -> None:
    found = services("docker-compose.citus.yml")
    nodes = [found[name] for name in ("coordinator", "worker-1", "worker-2")]
    assert len({node["image"] for node in [*nodes, found["join"]]}) == 1
    assert nodes[0]["image"].startswith("citusdata/citus:")
    for node in nodes:
        assert node["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
        assert "wal_level=logical" in node["command"]
        assert "ports" not in node


def test_on_citus_nothing_serves_before_the_tables_are_distributed() -> None:
    found = services("docker-compose.citus.yml")
    order = {name: set(service.get("depends_on", ())) for name, service in found.items()}
    assert order["join"] == {"coordinator", "worker-1", "worker-2"}
    assert [order[name] for name in ("migrate", "distribute", "web", "worker")] == [
        {"join"},
        {"migrate"},
        {"distribute"},
        {"distribute"},
    ]
