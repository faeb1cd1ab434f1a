"""The overview: stats of the last days, each plot with a table, exact whatever was counted before."""

import datetime
import itertools
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from events import stats
from events.stats import count_events
from portal.plots import days_until, gather_series, plot_days, plot_series
from portal.tiles import Change, change_of
from tests.factories import CustomerFactory, EventFactory, an_event

DAY = datetime.timedelta(days=1)
TODAY = datetime.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _fresh(db):
    cache.clear()


def show(member, **query):
    response = member.get("/", data=query)
    assert response.status_code == 200
    return response


def plot(member, plot_id, **query):
    return show(member, plot=plot_id, **query).context["plot"]


def tile(response, label):
    return next(tile for tile in response.context["tiles"] if tile.label == label)


def test_events_and_active_customers_a_day(member, acme, globex):
    now = timezone.now()
    for customer_id, days_ago in [("1", 0), ("1", 0), ("2", 0), ("1", 2), ("1", 29), ("1", 30)]:
        EventFactory.create(account=acme, customer_id=customer_id, created_at=now - days_ago * DAY)
    EventFactory.create(account=globex)
    response = show(member)
    events, active = plot(member, "events"), plot(member, "active")
    assert (events.days[-1].total, events.days[-3].total, events.days[0].total, events.total) == (
        3,
        1,
        1,
        5,
    )
    assert (active.days[-1].total, active.days[-3].total, active.total) == (2, 1, 4)
    assert (tile(response, "Events").value, tile(response, "Active today").value) == (5, 2)
    assert plot(member, "events", days="90").total == 6


def test_is_the_same_before_and_after_counting(member, acme):
    for days_ago in (0, 1, 1, 5):
        EventFactory.create(
            account=acme, customer_id=str(days_ago), created_at=timezone.now() - days_ago * DAY
        )
    before = show(member), plot(member, "active")
    count_events(account_id=acme.pk, seconds=10, until=timezone.now() + datetime.timedelta(hours=1))
    after = show(member), plot(member, "active")
    assert before[0].context["plot"] == after[0].context["plot"]
    assert before[1] == after[1]
    assert before[0].context["names"] == after[0].context["names"] == [("Logged in", 4, 100)]


def test_new_customers_a_day(member, acme, globex):
    for days_ago in (0, 0, 1, 29, 31):
        CustomerFactory.create(account=acme, created_at=timezone.now() - days_ago * DAY)
    CustomerFactory.create(account=globex)
    new = plot(member, "new")
    assert (new.days[-1].total, new.days[-2].total, new.days[0].total, new.total) == (2, 1, 1, 4)


def test_payments_by_plan(member, acme, globex):
    for plan, amount in [("Team", 99), ("Team", Decimal("0.5")), ("Starter", 9), ("Free", None)]:
        CustomerFactory.create(account=acme, plan=plan, monthly_payment_amount=amount)
    CustomerFactory.create(account=globex, monthly_payment_amount=1000)
    response = show(member)
    assert [
        (plan.plan, plan.customers, plan.payments) for plan, _ in response.context["plans"]
    ] == [
        ("Team", 2, Decimal("99.5")),
        ("Starter", 1, Decimal(9)),
        ("Free", 1, Decimal(0)),
    ]
    page = response.content.decode()
    assert tile(response, "MRR").value == Decimal("108.5")
    assert '<a href="/customers/?sort=-monthly_payment_amount">108.5</a>' in page
    assert 'href="/customers/?plan=Team"' in page


def test_plans_beyond_the_tenth_are_summed(member, acme):
    for number in range(12):
        CustomerFactory.create(account=acme, plan=f"plan {number}", monthly_payment_amount=number)
    response = show(member)
    assert len(response.context["plans"]) == 10
    assert response.context["other_plans"] == 2
    assert response.context["all_plans"].payments == sum(range(12))


def test_top_events_most_frequent_first(member, acme):
    EventFactory.create_batch(3, account=acme, name="often")
    EventFactory.create(account=acme, name="<b>once</b>")
    response = show(member)
    assert response.context["names"] == [("often", 3, 100), ("<b>once</b>", 1, 33)]
    assert "<b>once" not in response.content.decode()


def test_the_plot_has_a_table_behind_it(member, acme):
    EventFactory.create(account=acme)
    page = show(member).content.decode()
    assert page.count('<figure class="plot"') == page.count('<details class="behind">') == 1


def test_tiles_say_how_the_period_before_was(member, acme):
    now = timezone.now()
    for days_ago in (0, 0, 0, 1, 29, 29, 30, 58, 59):
        EventFactory.create(account=acme, created_at=now - days_ago * DAY)
        CustomerFactory.create(account=acme, created_at=now - days_ago * DAY)
    for label in ("Events", "New customers"):
        change = tile(show(member), label).change
        assert (change.text, change.before) == (
            "+50%",
            "the 29 whole days before today against the 29 before them",
        )
        assert tile(show(member), label).value == 6
    assert tile(show(member, days="90"), "Events").change.text == "new"
    assert tile(show(member), "Events").line.startswith("M0.0 8.0L")


def test_rejected_items_are_counted_by_day(member, acme, api):
    EventFactory.create(account=acme)
    for _ in range(2):
        api.post("event", an_event(created_at="yesterday"))
    rejected = tile(show(member), "Rejected items")
    assert (rejected.value, rejected.url) == (2, "/events/rejected/")
    assert rejected.line.endswith("L100.0 0.0")


@pytest.mark.parametrize(
    ("now", "then", "text"), [(3, 2, "+50%"), (1, 2, "-50%"), (2, 2, "no change"), (1, 0, "new")]
)
def test_change(now, then, text):
    days = days_until(TODAY, 4)
    change = change_of({days[2]: now, days[1]: then, TODAY: 100}, days[2:], days[:2])
    assert change
    assert change.text == text


def test_no_change_of_nothing():
    days = days_until(TODAY, 4)
    assert change_of({TODAY: 100}, days[2:], days[:2]) is None
    assert change_of({days[2]: 100, days[1]: 1}, days[2:], days[:2]) == Change(
        9900, "the 1 whole days before today against the 1 before them"
    )


def test_says_while_counting_is_behind(member, acme, monkeypatch):
    EventFactory.create_batch(4, account=acme)
    assert "still being counted" not in show(member).content.decode()
    monkeypatch.setattr(stats, "_MAX_LIVE", 3)
    assert "still being counted" in show(member).content.decode()


def test_an_empty_account_sees_the_quick_start(member, acme):
    assert "Waiting for your first event" in show(member).content.decode()
    CustomerFactory.create(account=acme)
    assert "Waiting for your first event" not in show(member).content.decode()


def test_numbers_lead_to_what_they_count(member, acme, api):
    EventFactory.create(account=acme, name="A&B")
    api.post("event", an_event(created_at="yesterday"))
    response = show(member)
    page = response.content.decode()
    for address in ("/events/rejected/", "/events/?name=A%26B", "/customers/?sort=-created_at"):
        assert f'href="{address}"' in page


@pytest.mark.parametrize("days", ["", "7", "x", "90x"])
def test_any_other_period_is_thirty_days(member, acme, days):
    EventFactory.create(account=acme)
    assert show(member, days=days).context["days"] == 30


def test_is_for_those_who_are_logged_in(visitor):
    assert visitor.get("/")["Location"].startswith("/login/")


def test_policy_is_kept(member, acme):
    """Neither inline styles nor scripts: the browser would not apply them."""
    EventFactory.create(account=acme)
    for address in ("/", "/events/", "/customers/", "/customers/customer/?id=123"):
        page = member.get(address).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page


def test_page_weighs_little(member, acme):
    for days_ago in range(90):
        EventFactory.create(account=acme, created_at=timezone.now() - days_ago * DAY)
    assert len(show(member, days="90").content) < 100_000


class TestPlots:
    days = days_until(TODAY, 3)

    def test_days_end_today(self):
        assert self.days == [datetime.date(2026, 11, day) for day in (21, 22, 23)]

    def test_bars_reach_as_high_as_their_share_of_the_axis(self):
        drawn = plot_days("p", "Events", "events", self.days, {TODAY: 5, self.days[0]: 10})
        assert drawn.most == 10
        assert drawn.series[0].path == "M1 100.00V0.00h8V100.00zM21 100.00V50.00h8V100.00z"
        assert drawn.busiest.day == self.days[0]

    def test_series_stand_on_each_other(self):
        drawn = plot_series("p", "Events", "events", [TODAY], {"a": {TODAY: 1}, "b": {TODAY: 3}})
        assert [series.path for series in drawn.series] == [
            "M1 100.00V75.00h8V100.00z",
            "M1 75.00V0.00h8V75.00z",
        ]
        assert drawn.days[0].values == [1, 3]

    @pytest.mark.parametrize(
        ("most", "end"),
        [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 3),
            (5, 5),
            (6, 6),
            (11, 15),
            (41, 50),
            (201, 250),
            (999, 1000),
        ],
    )
    def test_axis_ends_at_the_next_round_step(self, most, end):
        assert plot_days("p", "", "", [TODAY], {TODAY: most}).most == end

    def test_axis_has_a_line_at_each_step(self):
        ticks = plot_days("p", "", "", [TODAY], {TODAY: 1_400}).ticks
        assert [tick.label for tick in ticks] == ["1.5k", "1k", "500", "0"]
        assert [round(tick.at) for tick in ticks] == [0, 33, 67, 100]

    def test_days_have_weekly_ticks_that_end_today(self):
        weeks = plot_days("p", "", "", days_until(TODAY, 90), {TODAY: 1}).weeks
        assert len(weeks) == 13
        assert [week.label for week in weeks[-2:]] == ["16 Nov", "23 Nov"]
        assert {round((b.at - a.at) * 0.9, 6) for a, b in itertools.pairwise(weeks)} == {7}

    def test_rare_names_are_one_series(self):
        rows = [(TODAY, f"name {number}", 10 - number) for number in range(7)]
        series = gather_series(rows)
        assert list(series) == ["name 0", "name 1", "name 2", "name 3", "3 other names"]
        assert series["3 other names"] == {TODAY: 6 + 5 + 4}
