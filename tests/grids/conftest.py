import threading

import pytest
from django.db import connection


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
