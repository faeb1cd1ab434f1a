"""Everything that reads events."""

from traitly.api.lists import TIME_RANGE, ListDefinition, time_sort
from traitly.api.values import UNIX_SECONDS

# A row as answers show it: the reference's four fields in its order, then id and custom_attributes.
ANSWER = f"""(SELECT row_to_json(answer) FROM (SELECT
    customer_id, name, {UNIX_SECONDS.format("created_at")} AS created_at, 1 AS success, id, custom_attributes
    ) AS answer)::text"""  # noqa: S608

# Walks the index events_by_customer_name.
LIST = ListDefinition(
    table="events_event",
    answer=ANSWER,
    key="id",
    sorts={"created_at": time_sort("created_at")},
    equal=("customer_id", "name"),
    ranges=TIME_RANGE,
    required=("customer_id", "name"),
)
