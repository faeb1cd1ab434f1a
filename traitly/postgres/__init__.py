"""The embedded PostgreSQL, for when DATABASE_URL is not set: `server` runs it, `base` is Django's backend over it."""
