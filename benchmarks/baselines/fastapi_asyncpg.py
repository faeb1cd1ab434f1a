"""FastAPI, pydantic and asyncpg: what one writes when Django is thought too slow.

``python -m benchmarks.baselines.fastapi_asyncpg`` makes the tables and prints a key; ``uvicorn``
serves ``app``.
"""

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Query, status
from pydantic import BaseModel, EmailStr, Field, PlainSerializer
from uuid_utils.compat import uuid7

KEY_CACHE_SECONDS = float(
    os.environ.get("KEY_CACHE_SECONDS", "0")
)  # 0: each request asks, as in DRF
CONNECTIONS = 8  # of each of the two workers

TABLES = """
    CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key_hash bytea NOT NULL UNIQUE);
    CREATE TABLE events_event (
        account_id bigint NOT NULL,
        id text NOT NULL,
        customer_id varchar(255) NOT NULL,
        name varchar(255) NOT NULL,
        created_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        custom_attributes jsonb NOT NULL,
        PRIMARY KEY (account_id, id)
    );
    CREATE INDEX event_list ON events_event (account_id, customer_id, name, created_at);
    CREATE TABLE customers_customer (
        account_id bigint NOT NULL,
        id uuid NOT NULL,
        customer_id varchar(255) NOT NULL,
        name varchar(255) NOT NULL,
        email varchar(254) NOT NULL,
        plan varchar(255) NOT NULL,
        monthly_payment_amount numeric(16, 4),
        location varchar(255),
        phone_number varchar(255),
        organisation_id varchar(255),
        custom_attributes jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        PRIMARY KEY (account_id, id),
        UNIQUE (account_id, customer_id)
    );
"""
INSERT_EVENTS = """
    INSERT INTO events_event (account_id, id, customer_id, name, created_at, received_at, custom_attributes)
    SELECT $1, *
    FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::jsonb[])
    ON CONFLICT DO NOTHING
"""
SELECT_EVENTS = """
    SELECT id, customer_id, name, created_at, custom_attributes
    FROM events_event
    WHERE account_id = $1 AND customer_id = $2 AND name = $3
    ORDER BY created_at
    LIMIT 100
"""
UPSERT_CUSTOMERS = """
    INSERT INTO customers_customer (account_id, id, customer_id, name, email, plan, monthly_payment_amount, location,
                                    phone_number, organisation_id, custom_attributes, created_at, updated_at)
    SELECT $1, *
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::text[],
                $10::text[], $11::jsonb[], $12::timestamptz[], $13::timestamptz[])
    ON CONFLICT (account_id, customer_id) DO UPDATE
    SET name = EXCLUDED.name, email = EXCLUDED.email, plan = EXCLUDED.plan,
        monthly_payment_amount = EXCLUDED.monthly_payment_amount, location = EXCLUDED.location,
        phone_number = EXCLUDED.phone_number, organisation_id = EXCLUDED.organisation_id,
        custom_attributes = customers_customer.custom_attributes || EXCLUDED.custom_attributes,
        updated_at = EXCLUDED.updated_at
"""


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid7())


Text = Annotated[str, Field(min_length=1, max_length=255)]
UnixTime = Annotated[
    datetime, PlainSerializer(lambda value: int(value.timestamp()), return_type=int)
]


class Event(BaseModel):
    id: Text = Field(default_factory=new_id)
    customer_id: Text
    name: Text
    created_at: UnixTime = Field(default_factory=now)
    custom_attributes: dict[str, Any] = {}


class Customer(BaseModel):
    customer_id: Text
    name: Text
    email: EmailStr
    plan: Text
    monthly_payment_amount: Decimal | None = None
    location: str | None = None
    phone_number: str | None = None
    organisation_id: str | None = None
    custom_attributes: dict[str, Any] = {}
    created_at: UnixTime = Field(default_factory=now)


def to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def connected(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=to_json, decoder=orjson.loads, schema="pg_catalog"
    )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS, init=connected
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)
known_keys: dict[str, tuple[int, float]] = {}


async def account(authorization: Annotated[str, Header()] = "") -> int:
    """The account of the key in the header."""
    key = authorization.removeprefix("Token ")
    known, until = known_keys.get(key, (0, 0.0))
    if time.monotonic() < until:
        return known
    found = await app.state.pool.fetchval(
        "SELECT id FROM account WHERE key_hash = $1", hashlib.sha256(key.encode()).digest()
    )
    if found is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Token"})
    known_keys[key] = found, time.monotonic() + KEY_CACHE_SECONDS
    return int(found)


Account = Annotated[int, Depends(account)]


@app.post("/api/v1/event", status_code=status.HTTP_201_CREATED)
async def create_events(account: Account, body: Event | list[Event]) -> list[Event]:
    events = body if isinstance(body, list) else [body]
    await app.state.pool.execute(
        INSERT_EVENTS,
        account,
        [event.id for event in events],
        [event.customer_id for event in events],
        [event.name for event in events],
        [event.created_at for event in events],
        [now()] * len(events),
        [event.custom_attributes for event in events],
    )
    return events


@app.get("/api/v1/event")
async def list_events(
    account: Account, customer_id: Annotated[str, Query()], name: Annotated[str, Query()]
) -> list[Event]:
    return [
        Event(**row)
        for row in await app.state.pool.fetch(SELECT_EVENTS, account, customer_id, name)
    ]


@app.post("/api/v1/customer")
async def upsert_customers(account: Account, body: Customer | list[Customer]) -> list[Customer]:
    # Sorted, so that two batches never wait for each other's rows.
    customers = (
        sorted(body, key=lambda customer: customer.customer_id)
        if isinstance(body, list)
        else [body]
    )
    await app.state.pool.execute(
        UPSERT_CUSTOMERS,
        account,
        [uuid7() for _ in customers],
        [customer.customer_id for customer in customers],
        [customer.name for customer in customers],
        [customer.email for customer in customers],
        [customer.plan for customer in customers],
        [customer.monthly_payment_amount for customer in customers],
        [customer.location for customer in customers],
        [customer.phone_number for customer in customers],
        [customer.organisation_id for customer in customers],
        [customer.custom_attributes for customer in customers],
        [customer.created_at for customer in customers],
        [now()] * len(customers),
    )
    return customers


async def set_up() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        key = secrets.token_urlsafe(32)
        await connection.execute(TABLES)
        await connection.execute(
            "INSERT INTO account (key_hash) VALUES ($1)", hashlib.sha256(key.encode()).digest()
        )
        print(key)
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(set_up())
