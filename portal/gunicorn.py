"""How gunicorn serves the portal: sync workers, which were the fastest here."""

import os

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("WEB_WORKERS") or 2)
# A worker is renewed now and then, not all at the same moment.
max_requests, max_requests_jitter = 10_000, 1_000
timeout = 60
control_socket_disable = True
graceful_timeout = 10
accesslog = "-" if os.environ.get("ACCESS_LOG") == "1" else None
