import threading
from types import SimpleNamespace

import pytest
from django.db import connection

from orgs.models import Person


@pytest.fixture
def people(db):
    """李 works the grid, 赵 elsewhere."""
    return SimpleNamespace(
        li=Person.objects.create_person(name="李网格", phone="10000000001", is_demo=True),
        zhao=Person.objects.create_person(name="赵网格", phone="10000000002", is_demo=True),
    )


@pytest.fixture
def together():
    """Run functions in threads that start at the same moment; results or errors in order."""

    def run(*jobs):
        gate = threading.Barrier(len(jobs))
        answers = [None] * len(jobs)

        def work(at, job):
            try:
                gate.wait(10)
                answers[at] = job()
            except Exception as error:
                answers[at] = error
            finally:
                connection.close()

        threads = [
            threading.Thread(target=work, args=item, daemon=True) for item in enumerate(jobs)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "two people wait for each other"
        return answers

    return run
