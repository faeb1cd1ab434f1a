"""Made-up customers and events of a small company, the same for every run on one day."""

import datetime
import random
from collections.abc import Iterator
from typing import Any

DAYS = 90
CUSTOMERS = 1_500
_WEEKEND = (5, 6)  # as datetime.weekday() counts
_FIRST = [
    "Ada",
    "Ben",
    "Carla",
    "David",
    "Elena",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Liam",
    "Mei",
    "Noor",
    "Omar",
    "Priya",
    "Quinn",
    "Rosa",
    "Sven",
    "Tara",
    "Uma",
]
_LAST = [
    "Adler",
    "Brown",
    "Costa",
    "Diaz",
    "Endo",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Jensen",
    "Khan",
    "Lopez",
    "Meyer",
    "Novak",
    "Okafor",
    "Patel",
    "Rossi",
    "Silva",
]
_COMPANIES = [
    "Acorn",
    "Beacon",
    "Cobalt",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Maple",
    "Nimbus",
    "Orchard",
]
_PLACES = [
    "Berlin",
    "Lagos",
    "Lisbon",
    "London",
    "New York",
    "Osaka",
    "Paris",
    "San Francisco",
    "Sydney",
    "Toronto",
]
_PLANS = {"Starter": (19, 49), "Growth": (99, 199), "Scale": (399, 999)}
# The events, their relative frequency, and their attributes.
_EVENTS: dict[str, tuple[int, dict[str, list[Any]]]] = {
    "Logged in": (50, {"device": ["desktop", "desktop", "phone"]}),
    "Created project": (12, {"template": ["blank", "launch", "roadmap"]}),
    "Invited teammate": (7, {"role": ["editor", "viewer"]}),
    "Exported report": (9, {"format": ["pdf", "csv"]}),
    "Viewed billing": (5, {}),
    "Contacted support": (2, {"topic": ["billing", "how to", "bug"]}),
}


def customers(today: datetime.datetime) -> list[dict[str, Any]]:
    """Customers who signed up over two years, more of them recently."""
    chance = random.Random(1)
    found = []
    for number in range(CUSTOMERS):
        first, last, company = (
            chance.choice(_FIRST),
            chance.choice(_LAST),
            chance.choice(_COMPANIES),
        )
        [plan] = chance.choices(list(_PLANS), weights=[70, 24, 6])
        age = datetime.timedelta(days=730 * (1 - chance.random() ** 0.6))
        found.append(
            {
                "customer_id": f"demo-{number + 1}",
                "name": f"{first} {last}",
                "email": f"{first}.{last}{number}@{company}.example".lower(),
                "plan": plan,
                "monthly_payment_amount": chance.choice(_PLANS[plan]),
                "location": chance.choice(_PLACES),
                "organisation_id": company.lower(),
                "created_at": int((today - age).timestamp()),
                "seats": chance.randint(1, 40),
            }
        )
    return found


def events(today: datetime.datetime, known: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What they did in the last days: less at weekends, and more by some than by others."""
    chance = random.Random(2)
    names = list(_EVENTS)
    often = [chance.paretovariate(1.3) for _ in known]
    for day in range(DAYS, -1, -1):
        midnight = (today - datetime.timedelta(days=day)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        busy = (0.35 if midnight.weekday() in _WEEKEND else 1.0) * (1.3 - day / 150)
        for number, customer in enumerate(chance.choices(known, often, k=int(550 * busy))):
            at = midnight + datetime.timedelta(
                seconds=min(max(chance.gauss(14, 4), 0), 23.99) * 3600
            )
            if not customer["created_at"] <= at.timestamp() <= today.timestamp():
                continue
            [name] = chance.choices(names, [_EVENTS[name][0] for name in names])
            yield {
                "id": f"demo-{midnight:%Y-%m-%d}-{number}",
                "customer_id": customer["customer_id"],
                "name": name,
                "created_at": int(at.timestamp()),
                **{key: chance.choice(values) for key, values in _EVENTS[name][1].items()},
            }
