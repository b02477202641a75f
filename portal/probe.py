"""Container health checks: ``python -m portal.probe web|worker|beat``.

Web answers ``/healthz``; worker and beat are judged by their last heartbeat.
"""

import os
import sys
import urllib.request


def main(service: str) -> int:
    if service == "web":
        return 0 if _web_answers() else 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings

    from portal import tasks

    age = tasks.ages_seconds()[service]
    print("no heartbeat yet" if age is None else f"last heartbeat {age} s ago")
    return 0 if age is not None and age <= settings.HEARTBEAT_MAX_SECONDS else 1


def _web_answers() -> bool:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}/healthz", headers={"Host": host}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return answer.status == 200


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
