"""``X_FILE`` in the place of ``X``."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from traitly import settings


@pytest.fixture(autouse=True)
def _not_set(monkeypatch):
    for name in ("EMAIL_URL", "EMAIL_URL_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_secret_is_read_from_its_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("smtp://mail.example.com\n")
    monkeypatch.setenv("EMAIL_URL_FILE", str(tmp_path / "url"))

    assert settings.secret("EMAIL_URL") == "smtp://mail.example.com"


def test_a_file_that_is_not_there_stops_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("EMAIL_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL_FILE cannot be read"):
        settings.secret("EMAIL_URL")


def test_both_are_one_too_many(monkeypatch, tmp_path):
    monkeypatch.setenv("EMAIL_URL", "smtp://a")
    monkeypatch.setenv("EMAIL_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        settings.secret("EMAIL_URL")


def test_without_either_there_is_the_default():
    assert settings.secret("EMAIL_URL", "consolemail://") == "consolemail://"
