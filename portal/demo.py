"""``make demo`` and ``make reset``: the whole portal on one machine, with invented people.

::

    python -m portal.demo            # from nothing to a running portal; Ctrl-C ends it
    python -m portal.demo reset      # clears DATA_DIR after asking

The driver prepares the stores, then lets honcho run the Procfile. Every process below it carries
PORTAL_STACK in its environment: that is how what a killed driver left behind is found and ended.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from portal import embedded
from portal.embedded import EmbeddedError

ROOT = Path(__file__).resolve().parent.parent
DIVISIONS = ROOT / "data" / "xiangyang_divisions.csv"
FIRST_START_BYTES, LATER_START_BYTES = 1_000_000_000, 200_000_000
DATABASE_FULL = "53100"  # SQLSTATE disk_full
# What the portal itself puts into DATA_DIR; reset removes these and nothing else.
OURS = (
    *("postgres", "postgres.new", "valkey", "bin", "run", "logs", "static", "media", "mail"),
    *("test", "secret_key", "field_key", "database_password", "database_admin_password"),
    *("broker_password", "demo.json", "demo_accounts.json", "bench.json"),
)


class DemoError(Exception):
    """Why the demo cannot go on; the text is one sentence for the person at the terminal."""


class Leave(BaseException):
    """Ctrl-C, SIGTERM, or the terminal is gone."""


# --- before anything starts ------------------------------------------------------------------


def check_disk(data_dir: Path, *, first: bool) -> None:
    need = FIRST_START_BYTES if first else LATER_START_BYTES
    free = shutil.disk_usage(data_dir).free
    if free < need:
        raise DemoError(
            f"磁盘空间不足：{data_dir} 所在磁盘剩余 {free // 10**6} MB，需要约 {need // 10**6} MB "
            "(not enough disk space)"
        )


def check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DemoError(
                f"{host}:{port} 不能使用（{error.strerror}）；换一个端口："
                f"make demo PORT={port + 1} (port {port} is taken)"
            ) from None


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Held while the demo of this DATA_DIR runs; the kernel lets go when the holder dies."""
    with open(data_dir / "run" / "demo.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DemoError(
                f"演示已在运行：{file.read().strip()}；先在那里按 Ctrl-C 结束 (already running)"
            ) from None
        file.truncate(0)
        file.write(address())
        file.flush()
        yield


def stack_processes(data_dir: Path) -> set[int]:
    """The processes of this DATA_DIR's Procfile, whoever their parent is by now."""
    mark = f"PORTAL_STACK={data_dir}".encode()
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in Path("/proc", entry.name, "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
    return found


def end_stack(data_dir: Path, *, patience_seconds: float = 8) -> int:
    """End those processes, gently first; how many there were."""
    there = stack_processes(data_dir)
    for number, seconds in ((signal.SIGTERM, patience_seconds), (signal.SIGKILL, 5)):
        for pid in stack_processes(data_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while stack_processes(data_dir) and time.monotonic() < deadline:
            time.sleep(0.1)
    return len(there)


# --- making the data -----------------------------------------------------------------------------


class Done:
    """What was done to the stores already, remembered beside them."""

    def __init__(self, home: Path, store: str):
        self._path = home / "demo.json"
        self._store = store

    def _all(self) -> dict:
        try:
            return json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def __getitem__(self, step: str) -> str:
        return self._all().get(self._store, {}).get(step, "")

    def __setitem__(self, step: str, mark: str) -> None:
        everything = self._all()
        everything.setdefault(self._store, {})[step] = mark
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(everything, indent=1))
        draft.replace(self._path)


def prepare(done: Done) -> None:
    """Bring database and static files up to date; what was done before is skipped."""
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    heading("数据库结构 (migrations)")
    call_command("migrate", interactive=False, verbosity=0)

    divisions = hashlib.sha256(DIVISIONS.read_bytes()).hexdigest()
    if done["divisions"] != divisions:
        heading("行政区划 (divisions)")
        call_command("import_divisions", str(DIVISIONS))
        done["divisions"] = divisions

    if not done["seed"]:
        size = os.environ.get("SEED_SIZE") or "full"
        heading(f"演示数据 (seed, {size})")
        call_command("seed", size=size)
        done["seed"] = size

    static = fingerprint_of_static_files()
    if done["static"] != static:
        heading("静态文件 (static files)")
        call_command("collectstatic", interactive=False, verbosity=0)
        done["static"] = static
    connections.close_all()


def fingerprint_of_static_files() -> str:
    """Changes when a file of ours or the set of packages does."""
    files = [ROOT / "requirements" / "base.txt", *sorted((ROOT / "static").rglob("*"))]
    facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


# --- running -------------------------------------------------------------------------------------


def address() -> str:
    host = os.environ["HOST"]
    shown = "127.0.0.1" if host in {"0.0.0.0", "127.0.0.1"} else host  # noqa: S104
    return f"http://{shown}:{os.environ['PORT']}/"


def serve(data_dir: Path, *, on_embedded: bool) -> int:
    """Run the Procfile until a process of it ends or somebody asks to leave."""
    honcho = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "honcho", "start", "-f", str(ROOT / "Procfile")],
        cwd=ROOT,
        env={
            **os.environ,
            "PORTAL_STACK": str(data_dir),
            "PYTHONUNBUFFERED": "1",
            # Known and accepted in a demo that root starts; messages are JSON, never pickle.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        },
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours to pass on, once
    )
    parent = os.getppid()
    announced = False
    started = time.monotonic()
    next_mend = started + 2
    while honcho.poll() is None:
        time.sleep(0.2)
        if os.getppid() != parent:  # make was killed: nobody could press Ctrl-C any more
            raise Leave
        if not announced and (announced := answers()):
            announce(data_dir, seconds=time.monotonic() - started)
        if on_embedded and time.monotonic() > next_mend:
            with contextlib.suppress(EmbeddedError):
                embedded.mend(data_dir)
            next_mend = time.monotonic() + 2
    print("有进程意外退出，演示已停止；再次运行 make demo 即可恢复 (a process ended)", flush=True)
    return 1


def answers() -> bool:
    try:
        with urllib.request.urlopen(f"{address()}healthz", timeout=2) as answer:  # noqa: S310
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def announce(data_dir: Path, *, seconds: float) -> None:
    lines = ["", f"邻里共治 演示已就绪：{address()}    （Ctrl-C 结束）", ""]
    with contextlib.suppress(FileNotFoundError):
        accounts = json.loads((data_dir / "demo_accounts.json").read_text())
        columns = ("role", "name", "phone", "password", "area")
        table = [("角色", "姓名", "手机号", "密码", "辖区")]
        table += [tuple(str(account.get(column, "")) for column in columns) for account in accounts]
        widths = [max(width(row[i]) for row in table) for i in range(len(columns))]
        for row in table:
            cells = (
                cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)
            )
            lines.append("  " + "  ".join(cells).rstrip())
    print("\n".join(lines) + "\n", flush=True)


def width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def heading(text: str) -> None:
    print(f"── {text}", flush=True)


def demo(data_dir: Path) -> int:
    port = os.environ["PORT"]
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise DemoError(f"PORT={port}：须为 1 到 65535 的整数 (not a port)")
    here = embedded.place(data_dir)
    with only_one(data_dir):
        if left := end_stack(data_dir):
            print(f"已清理上次遗留的 {left} 个进程 (cleared what a killed start left)", flush=True)
        external = os.environ.get("DATABASE_URL", "").strip()
        store = hashlib.sha256(external.encode()).hexdigest()[:12] if external else "embedded"
        done = Done(here.home, store)
        check_disk(data_dir, first=not done["seed"])
        check_port(os.environ["HOST"], int(port))

        on_embedded = not (external and os.environ.get("REDIS_URL", "").strip())
        heading("PostgreSQL · Valkey")
        with embedded.in_use(data_dir) if on_embedded else contextlib.nullcontext() as stores:
            if on_embedded:
                os.environ["DATABASE_URL"] = external or stores.database_url
                os.environ["REDIS_URL"] = os.environ.get("REDIS_URL") or stores.redis_url
            try:
                prepare(done)
                return serve(data_dir, on_embedded=on_embedded)
            finally:
                ignore_signals()
                end_stack(data_dir)


def ignore_signals() -> None:
    """From here on we are leaving; a second Ctrl-C must not leave anything behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def leave(_number, _frame) -> None:
    ignore_signals()
    raise Leave


def reset(data_dir: Path) -> int:
    if not data_dir.exists():
        print(f"{data_dir} 不存在，无需清除 (nothing to clear)")
        return 0
    here = embedded.place(data_dir)
    with only_one(data_dir):
        if any(embedded.status(data_dir).values()) or stack_processes(data_dir):
            raise DemoError(
                "存储仍在运行，先结束使用者或执行 python -m portal.embedded stop (still running)"
            )
        question = f"将删除 {data_dir} 中的全部数据，输入 yes 确认 (type yes to delete): "
        if os.environ.get("YES") != "1" and input(question).strip() != "yes":
            print("未删除任何数据 (nothing deleted)")
            return 1
        for folder in {here.home, data_dir}:
            for name in OURS:
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()
    print(f"已清除 {data_dir} (cleared)")
    return 0


def main(arguments: list[str]) -> int:
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or ROOT / ".data").resolve()
    os.environ.update(
        {
            "DATA_DIR": str(data_dir),
            "PORTAL_MODE": "demo",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "HOST": os.environ.get("HOST") or "127.0.0.1",
            "PORT": os.environ.get("PORT") or "8000",
        }
    )
    os.environ.pop("DEBUG", None)
    # The program's own folder first: console scripts (gunicorn, celery) live beside python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        return reset(data_dir) if arguments == ["reset"] else demo(data_dir)
    except Leave:
        print("\n已结束 (stopped)", flush=True)
        return 0
    except (DemoError, EmbeddedError) as refused:
        print(refused, file=sys.stderr)
    except OSError as error:
        print(embedded.sentence_for(error, data_dir), file=sys.stderr)
    except EOFError:
        print("未删除任何数据 (nothing deleted)", file=sys.stderr)
    except Exception as error:
        print(explain(error, data_dir), file=sys.stderr)
    return 1


def explain(error: Exception, data_dir: Path) -> str:
    """One sentence; the traceback goes to the log."""
    causes = [error, error.__cause__, error.__context__]
    full = any(getattr(cause, "sqlstate", None) == DATABASE_FULL for cause in causes)
    if full or "No space left" in str(error):
        return f"磁盘已满 (disk full)：请为 {data_dir} 腾出约 1 GB 后再运行一次"
    log = data_dir / "logs" / "demo.log"
    with contextlib.suppress(OSError):
        log.write_text("".join(traceback.format_exception(error)))
    first_line = (str(error).strip() or repr(error)).splitlines()[0]
    return f"演示未能启动 (failed)：{type(error).__name__}: {first_line}（详见 {log}）"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
