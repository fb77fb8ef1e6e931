"""Which PostgreSQL the tests talk to: ZMIGRATION_TEST_DSN, else one of their own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from examples.local_postgres import (
    ServerUnavailable,
    find_binaries,
    running_server,
    server_version,
)

DSN_VARIABLE = "ZMIGRATION_TEST_DSN"


@contextmanager
def chosen_server() -> Iterator[str]:
    """Yield the DSN of a server where databases may be created; never skip."""
    if given := os.environ.get(DSN_VARIABLE):
        _ask(given)
        yield given
        return
    with running_server(fsync=False) as dsn:
        yield dsn


def describe() -> str:
    """Name the server for the report header without starting one."""
    if given := os.environ.get(DSN_VARIABLE):
        return f"{_ask(given)} ({DSN_VARIABLE})"
    command = [str(find_binaries() / "postgres"), "--version"]
    return subprocess.check_output(command, text=True).split()[-1] + " (its own server)"


def _ask(dsn: str) -> str:
    # Hidden and not chained: a traceback of pytest shows arguments, and so the DSN's password.
    __tracebackhide__ = True
    try:
        return server_version(dsn)
    except psycopg.Error as error:
        raise ServerUnavailable(f"{DSN_VARIABLE}: {error}") from None
