"""What row-level security would cost: ``python -m benchmarks.row_security``, beside the same statements without.

A policy compares ``account_id`` with a setting of the session. A pooled connection serves one
account after the other, so each statement has to set it first: in the same round trip here, which
is the cheapest way there is.
"""

import statistics
import time
from contextlib import closing

import psycopg2

from benchmarks.postgres import Postgres

_ROUNDS, _TIMES = 15, 400
_SETUP = """
CREATE TABLE event (account_id bigint, id text COLLATE "C", customer_id text COLLATE "C", name text, created_at timestamptz,
    attributes jsonb, PRIMARY KEY (account_id, id));
CREATE INDEX ON event (account_id, customer_id, name, created_at, id);
INSERT INTO event SELECT n % 100, 'e' || n, 'c' || n / 100 % 1000, 'Logged in', to_timestamp(n), '{}'
    FROM generate_series(1, 500000) AS n;
CREATE TABLE walled (LIKE event INCLUDING ALL);
INSERT INTO walled SELECT * FROM event;
ALTER TABLE walled ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON walled USING (account_id = current_setting('traitly.account')::bigint);
CREATE ROLE web LOGIN PASSWORD 'web';
GRANT SELECT, INSERT ON event, walled TO web;
"""
_ACCOUNT = "SET traitly.account = '7'; "
_WORKLOADS = {
    "store an event": "INSERT INTO {table} VALUES (7, gen_random_uuid()::text, 'c1', 'Logged in', now(), '{{}}') "
    "ON CONFLICT DO NOTHING",
    "a list of 100": "SELECT * FROM {table} WHERE account_id = 7 AND customer_id = 'c100' AND name = 'Logged in' "
    "ORDER BY created_at, id LIMIT 100",
    "one event": "SELECT * FROM {table} WHERE account_id = 7 AND id = 'e107'",
}


def main() -> None:
    """Print the ratios."""
    with Postgres() as postgres:
        postgres.run("postgres", "CREATE DATABASE wall")
        postgres.run(
            "wall",
            *filter(str.strip, _SETUP.split(";")),
            "VACUUM ANALYZE event",
            "VACUUM ANALYZE walled",
        )
        with closing(
            psycopg2.connect(postgres.url("wall"), user="web", password="web")
        ) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SET synchronous_commit = off")  # the disk would hide the difference
            for name, statement in _WORKLOADS.items():
                variants = (
                    statement.format(table="event"),
                    _ACCOUNT + statement.format(table="walled"),
                )
                rounds = [
                    [_microseconds(cursor, variant) for variant in variants] for _ in range(_ROUNDS)
                ]
                ratio = statistics.median(walled / plain for plain, walled in rounds)
                plain = statistics.median(plain for plain, _ in rounds)
                print(
                    f"{name}: {plain:.0f} microseconds, with row-level security {ratio:.2f} times as many"
                )


def _microseconds(cursor: psycopg2.extensions.cursor, statement: str) -> float:
    begin = time.perf_counter()
    for _ in range(_TIMES):
        cursor.execute(statement)
    return (time.perf_counter() - begin) / _TIMES * 1e6


if __name__ == "__main__":
    main()
