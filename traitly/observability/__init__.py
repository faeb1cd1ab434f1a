"""What operators see of a running server: metrics, log lines, and (if configured) traces and errors elsewhere."""
