"""Traitly's settings, with one address only."""

from traitly.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.constant.urls"
