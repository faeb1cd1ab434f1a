"""What operators see of a running server: metrics, logs, and (if configured) traces and error reports."""
