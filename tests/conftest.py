"""What all tests share: the cast, the browser, a cache and file folders of their own."""

import gc
import os
import uuid
from collections import Counter

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

pytest_plugins = ["tests.browser"]

# A busy machine is no fault of what is tested.
property_settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.load_profile("portal")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Modules that take long go first, so that no process ends long after the other."""
    weight = Counter()
    for item in items:
        weight[item.path] += 1
        weight[item.path] += 20 if item.get_closest_marker("browser") else 0
        weight[item.path] += 60 if item.get_closest_marker("stack") else 0
    items.sort(key=lambda item: (-weight[item.path], item.path))


def pytest_collection_finish():
    """Modules and items live to the end: no collection of garbage need look at them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


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


@pytest.fixture(scope="session", autouse=True)
def bytecode_for_processes(tmp_path_factory):
    """Where Python may not write bytecode, the processes of the tests do so outside the tree.

    A process of the portal reads 1,100 modules; compiling them takes longer than the rest of it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "bytecode"))
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Transactional tests leave the database as the migrations do, and sooner than Django's flush.

    Tables of the ledger refuse TRUNCATE; where it is needed after all, it must pass.
    """
    from django.test import TransactionTestCase

    from tests.points.flush import let_flush
    from tests.sweep import Sweep

    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        let_flush()
        sweep = Sweep(flush=TransactionTestCase._fixture_teardown)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: sweep.after(case))
        yield


@pytest.fixture(autouse=True)
def fresh_cache():
    """No test meets what another cached: sign-in attempts, sessions, heartbeats."""
    prefix = settings.CACHES["default"]["KEY_PREFIX"] = f"test-{uuid.uuid4().hex}"
    caches["default"].key_prefix = prefix  # its connection stays; other threads make their own


@pytest.fixture
def street(db):
    """The small cast: 李 works the grid, 王 lives there, 赵 works elsewhere and sees nothing."""
    from tests import cast  # models, which cannot be imported before Django is set up

    return cast.build()
