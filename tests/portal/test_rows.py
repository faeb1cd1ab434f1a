"""What rows of pages show: times as people say them, attributes as key=value."""

import datetime

import pytest
from django.utils import timezone

from portal.templatetags.rows import ago, exact, pairs

MOMENT = datetime.datetime(2026, 11, 24, 17, 16, 28, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_times_are_relative_and_exact_on_hover(seconds, text):
    moment = timezone.now() - datetime.timedelta(seconds=seconds)
    shown = ago(moment)
    assert f">{text}</time>" in shown
    assert f"{moment:%H:%M:%S} UTC" in shown


def test_what_is_a_week_past_or_still_to_come_is_a_date():
    assert ">1 Feb 2020</time>" in ago(datetime.datetime(2020, 2, 1, tzinfo=datetime.UTC))
    assert ">31 Dec 9999</time>" in ago(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC))


def test_exact_times_say_their_zone_whatever_they_came_in():
    berlin = MOMENT.astimezone(datetime.timezone(datetime.timedelta(hours=1)))
    assert exact(berlin) == exact(MOMENT)
    assert ">24 Nov 2026, 17:16:28 UTC</time>" in exact(MOMENT)


def test_attributes_are_pairs_escaped_and_short():
    text = pairs('{"plan": "<b>", "seats": 3, "deep": {"a": null}, "long": "' + "x" * 200 + '"}')
    for shown in (
        "plan=</span>&lt;b&gt;<",
        "seats=</span>3<",
        "{&quot;a&quot;: null}",
        "x" * 100 + "…",
    ):
        assert shown in text
    assert "x" * 101 not in text
    assert pairs({}) == pairs(None) == ""


def test_of_many_attributes_the_first_dozen_are_shown():
    text = pairs({f"key{number}": number for number in range(20)})
    assert text.count('class="pair"') == 12
    assert text.endswith("…")
