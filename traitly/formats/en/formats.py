"""How the admin shows times: in one width, in an order that sorts, with seconds, which events have."""

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = "Y-m-d"
