"""Is the process alive (``/healthz``), and can it do its work (``/readyz``)?"""

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from orgs.access import public
from portal import tasks

logger = structlog.get_logger(__name__)


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; touches no store."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part works, else 503; each part says how it is."""
    parts = {"database": _database(), "broker": _broker(), **_heartbeats()}
    failed = [name for name, part in parts.items() if part["status"] != "ok"]
    answer = {"status": "failed" if failed else "ok", "failed": failed, **parts}
    return JsonResponse(answer, status=503 if failed else 200)


def _database() -> dict:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("readyz: database", error=str(error))
        connection.close()
        return {"status": "unreachable"}
    return {"status": "ok"}


def _broker() -> dict:
    try:
        with Redis.from_url(
            settings.CELERY_BROKER_URL, socket_connect_timeout=2, socket_timeout=2
        ) as broker:
            broker.ping()
    except RedisError as error:
        logger.warning("readyz: broker", error=str(error))
        return {"status": "unreachable"}
    return {"status": "ok"}


def _heartbeats() -> dict[str, dict]:
    try:
        ages = tasks.ages_seconds()
    except RedisError:
        return {name: {"status": "unknown", "age_seconds": None} for name in ("worker", "beat")}
    return {name: {"status": _freshness(age), "age_seconds": age} for name, age in ages.items()}


def _freshness(age_seconds: int | None) -> str:
    if age_seconds is None:
        return "never"
    return "ok" if age_seconds <= settings.HEARTBEAT_MAX_SECONDS else "late"
