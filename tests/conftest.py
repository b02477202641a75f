"""What all tests share: the cast, the browser, a cache and file folders of their own."""

import os
import uuid
from collections import Counter

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import override_settings

pytest_plugins = ["tests.browser"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Modules that take long go first, so that no process ends long after the other."""
    weight = Counter()
    for item in items:
        weight[item.path] += 1
        weight[item.path] += 20 if item.get_closest_marker("browser") else 0
        weight[item.path] += 60 if item.get_closest_marker("stack") else 0
    items.sort(key=lambda item: (-weight[item.path], item.path))


@pytest.fixture(scope="session", autouse=True)
def files_of_the_tests(tmp_path_factory):
    media, static = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("static")
    with override_settings(MEDIA_ROOT=str(media), STATIC_ROOT=str(static)):
        yield


@pytest.fixture(scope="session", autouse=True)
def password_for_processes():
    """A process that a test starts may leave the password out of its DATABASE_URL."""
    if password := settings.DATABASES["default"]["PASSWORD"]:
        os.environ.setdefault("PGPASSWORD", password)


@pytest.fixture(autouse=True)
def fresh_cache():
    """No test meets what another cached: sign-in attempts, sessions, heartbeats."""
    settings.CACHES["default"]["KEY_PREFIX"] = f"test-{uuid.uuid4().hex}"
    if hasattr(caches._connections, "default"):
        del caches["default"]


@pytest.fixture
def street(db):
    """The small cast: 李 works the grid, 王 lives there, 赵 works elsewhere and sees nothing."""
    from tests import cast  # models, which cannot be imported before Django is set up
    from tests.grids.shipped import ship

    ship()  # a transactional test before this one has flushed what migrations shipped
    return cast.build()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Tables of the ledger refuse TRUNCATE; flushing after a transactional test must pass."""
    from tests.points.flush import let_flush

    with django_db_blocker.unblock():
        let_flush()
