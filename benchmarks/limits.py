"""What bounds any server on this machine: PostgreSQL asked directly, and the same workers answering a constant.

The statements run on a copy of a contestant's filled database: same tables, same indexes, same
rows, same durability.
"""

import io
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  a class, whatever its case
from uuid_utils import uuid7

from benchmarks import workloads
from benchmarks.measure import Dataset, Sample, Testbed, timed
from benchmarks.postgres import BINARIES
from benchmarks.workloads import NUMBER, Workload

DATABASE = "limits"
Milliseconds = list[float]

_customer = "\\set k random(0, :customers - 1)\n"
_number = f"\\set n random({workloads.FIRST_NUMBER}, {10 * workloads.FIRST_NUMBER - 1})\n"
_name = f"({workloads.SQL_NAMES})[:k::int % {len(workloads.NAMES)} + 1]"
_event_attributes = (
    """('{"order": ' || :n::text || ', "plan": "Starter", "source": "web", "amount": 99.5, "country": "DE", """
    """"first": false}')::jsonb"""
)
_upsert = """
    ON CONFLICT (account_id, customer_id) DO UPDATE
    SET name = EXCLUDED.name, email = EXCLUDED.email, plan = EXCLUDED.plan,
        monthly_payment_amount = EXCLUDED.monthly_payment_amount, location = EXCLUDED.location,
        custom_attributes = customers_customer.custom_attributes || EXCLUDED.custom_attributes,
        updated_at = EXCLUDED.updated_at
"""
_event_columns = "account_id, id, customer_id, name, created_at, received_at, custom_attributes"
_customer_columns = (
    "account_id, id, customer_id, name, email, plan, monthly_payment_amount, location, custom_attributes, "
    "created_at, updated_at"
)

INSERT_ONE = f"""{_customer}{_number}
    INSERT INTO events_event ({_event_columns})
    VALUES (:account, uuidv7(), 'customer-' || :k::text, {_name}, to_timestamp(1700000000 + :k::int), now(), {_event_attributes})
    ON CONFLICT DO NOTHING;
"""
UPSERT_ONE = f"""{_customer}{_number}
    INSERT INTO customers_customer ({_customer_columns})
    VALUES (:account, uuidv7(), 'customer-' || :k::text, 'Customer ' || :k::text,
            'customer-' || :k::text || '@example.com', 'Starter', :k::int % 1000, 'Berlin',
            ('{{"role": "manager", "account_type": "admin", "logins": ' || :n::text || '}}')::jsonb, now(), now())
    {_upsert};
"""
SELECT_PAGE = f"""{_customer}
    SELECT json_build_object('data', json_agg(row)) FROM (
        SELECT customer_id, name, extract(epoch FROM created_at)::text AS created_at, 1 AS success, id,
               custom_attributes
        FROM events_event
        WHERE account_id = :account AND customer_id = 'customer-' || :k::text AND name = {_name}
        ORDER BY created_at LIMIT {workloads.PAGE}
    ) AS row;
"""
# Prepared on each connection, as the best of clients would. The ids come from the client, as a
# server's do: uuidv7() costs PostgreSQL several microseconds a row where it is built without
# OpenSSL.
INSERT_MANY = f"""
    PREPARE many (bigint, text[], text[], text[], timestamptz[], jsonb[]) AS
    INSERT INTO events_event ({_event_columns})
    SELECT $1, id, customer_id, name, created_at, now(), attributes
    FROM unnest($2, $3, $4, $5, $6) AS row (id, customer_id, name, created_at, attributes)
    ON CONFLICT DO NOTHING
"""
UPSERT_MANY = f"""
    PREPARE many (bigint, uuid[], text[], text[], text[], text[], numeric[], text[], jsonb[]) AS
    INSERT INTO customers_customer ({_customer_columns})
    SELECT $1, id, customer_id, name, email, plan, amount, location, attributes, now(), now()
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
      AS row (id, customer_id, name, email, plan, amount, location, attributes)
    ORDER BY customer_id
    {_upsert}
"""


class Limits:
    """The limits of each workload, over as many connections as the contestants get."""

    def __init__(
        self, testbed: Testbed, dataset: Dataset, *, seconds: int, connections: int
    ) -> None:
        """``dataset`` is what is copied; nothing may be connected to its database."""
        self._testbed, self._account, self._active = testbed, dataset.accounts[0], dataset.active
        self._seconds, self._connections = seconds, connections
        testbed.postgres.run("postgres", f"CREATE DATABASE {DATABASE} TEMPLATE {dataset.database}")

    def of(self, workload: Workload, run: int) -> Iterator[Sample]:
        """Run every limit of a workload once."""
        limits: dict[str, dict[str, Callable[[], tuple[Milliseconds, float]]]] = {
            workloads.SINGLE.name: {
                "pgbench": lambda: self._pgbench(INSERT_ONE, workloads.CUSTOMERS)
            },
            workloads.LIST.name: {"json": lambda: self._pgbench(SELECT_PAGE, self._active)},
            workloads.UPSERT.name: {
                "pgbench": lambda: self._pgbench(UPSERT_ONE, workloads.CUSTOMERS)
            },
            workloads.BATCH.name: {"unnest": self._insert_many, "copy": self._copy},
            workloads.UPSERTS.name: {"unnest": self._upsert_many},
        }
        for who, limit in limits.get(workload.name, {}).items():
            yield timed(self._testbed, DATABASE, limit, workload=workload, who=who, run=run)

    def _pgbench(self, script: str, customers: int) -> tuple[Milliseconds, float]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "script.sql")
            file.write_text(script.replace("\n    ", " "))
            subprocess.run(
                [
                    *(
                        BINARIES / "pgbench",
                        "--no-vacuum",
                        "--protocol=prepared",
                        f"--define=account={self._account}",
                    ),
                    f"--define=customers={customers}",
                    *(
                        f"--client={self._connections}",
                        "--jobs=2",
                        f"--time={self._seconds}",
                        f"--file={file}",
                    ),
                    *("--log", f"--log-prefix={folder}/log"),
                ],
                env=self._testbed.postgres.environment(DATABASE),
                check=True,
                capture_output=True,
                timeout=self._seconds + 60,
            )
            # The third column of pgbench's log is a transaction's time in microseconds.
            return [
                float(line.split()[2]) / 1000
                for log in Path(folder).glob("log.*")
                for line in log.open()
            ], self._seconds

    def _insert_many(self) -> tuple[Milliseconds, float]:
        return self._execute_many(
            INSERT_MANY,
            [
                [
                    [event["customer_id"] for event in batch],
                    [event["name"] for event in batch],
                    [str(_time(event)) for event in batch],
                    [json.dumps(event["custom_attributes"]) for event in batch],
                ]
                for batch in _items(workloads.BATCH)
            ],
        )

    def _upsert_many(self) -> tuple[Milliseconds, float]:
        columns = ("customer_id", "name", "email", "plan", "monthly_payment_amount", "location")
        return self._execute_many(
            UPSERT_MANY,
            [
                [
                    *([str(customer[column]) for customer in batch] for column in columns),
                    [json.dumps(customer["custom_attributes"]) for customer in batch],
                ]
                for batch in _items(workloads.UPSERTS)
            ],
        )

    def _execute_many(
        self, prepare: str, batches: list[list[list[str]]]
    ) -> tuple[Milliseconds, float]:
        """Execute a prepared statement of the account, fresh ids, and a batch's columns."""
        with (
            closing(self._testbed.postgres.connect(DATABASE)) as connection,
            connection.cursor() as cursor,
        ):
            columns = [
                cursor.mogrify(", %s" * len(batch) + ")", [_array(texts) for texts in batch])
                for batch in batches
            ]
        rows = len(batches[0][0])

        def execute(connection: Connection, repetition: int) -> None:
            statement = f"EXECUTE many ({self._account}, '{_array(_ids(rows))}'".encode()
            with connection.cursor() as cursor:
                cursor.execute(statement + columns[repetition % len(columns)])

        return self._hammer(execute, prepare)

    def _copy(self) -> tuple[Milliseconds, float]:
        received = datetime.now(UTC)
        batches = [
            [
                f"\t{event['customer_id']}\t{event['name']}\t{_time(event)}\t{received}\t"
                f"{json.dumps(event['custom_attributes'])}\n"
                for event in batch
            ]
            for batch in _items(workloads.BATCH)
        ]

        def copy(connection: Connection, repetition: int) -> None:
            rows = batches[repetition % len(batches)]
            text = "".join(
                f"{self._account}\t{event_id}{row}"
                for event_id, row in zip(_ids(len(rows)), rows, strict=True)
            )
            with connection.cursor() as cursor:
                cursor.copy_expert(
                    f"COPY events_event ({_event_columns}) FROM STDIN", io.StringIO(text), 2**20
                )

        return self._hammer(copy)

    def _hammer(
        self, ask: Callable[[Connection, int], None], prepare: str = "SELECT"
    ) -> tuple[Milliseconds, float]:
        """Ask over every connection in a thread of its own until the time is over; psycopg2 waits without the GIL."""
        milliseconds: Milliseconds = []
        errors: list[Exception] = []

        def client(connection: Connection, repetition: int, deadline: float) -> None:
            try:
                while (start := time.monotonic()) < deadline:
                    ask(connection, repetition)
                    milliseconds.append(1000 * (time.monotonic() - start))
                    repetition += 1
            except Exception as error:  # noqa: BLE001 raised again below, in the thread that can tell
                errors.append(error)

        connections = [self._testbed.postgres.connect(DATABASE) for _ in range(self._connections)]
        for connection in connections:
            connection.cursor().execute(prepare)
        start = time.monotonic()
        threads = [
            threading.Thread(target=client, args=[connection, repetition, start + self._seconds])
            for repetition, connection in enumerate(connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - start
        for connection in connections:
            connection.close()
        if errors:
            raise errors[0]
        return milliseconds, seconds


def _ids(rows: int) -> list[str]:
    return [str(uuid7()) for _ in range(rows)]


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["created_at"], UTC)


def _array(texts: Iterable[str]) -> str:
    """An array as PostgreSQL reads it from one parameter; psycopg2's ARRAY[...] makes it parse each element."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _items(workload: Workload) -> list[list[dict[str, Any]]]:
    """The objects of a workload's batches, as the contestants are sent them."""
    number = str(workloads.FIRST_NUMBER).encode()
    return [
        json.loads(body.replace(NUMBER.encode(), number)) for _, _, _, body in workload.requests()
    ]
