"""gunicorn as production runs it: `gunicorn traitly.wsgi` from this folder. docs/performance.md has the measurements."""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
# Loads the application once, before the workers are forked: a broken setting stops the start instead of looping, and
# the workers share the memory of the code.
preload_app = True

# Longer than the idle time-out of common load balancers (60 s), so that they never send on a connection just closed.
keepalive = 75
# A worker that hangs is replaced; one that is told to stop answers what it has begun.
timeout = 60
graceful_timeout = 30

# Heartbeat files in memory: on a slow disk they would stall the workers.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
control_socket_disable = True
