import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from examples.local_postgres import ServerUnavailable, fresh_database
from tests import postgres

SOAK = os.environ.get("ZMIGRATION_SOAK") == "1"
FAULTS = Path(__file__).parent / "faults"

# A shared machine's pace is no property of the code.
settings.register_profile("usual", settings(), deadline=None)
settings.register_profile("soak", settings(), deadline=None, max_examples=2000)
settings.load_profile("soak" if SOAK else "usual")


def pytest_configure() -> None:
    """Hear Ctrl-C also in a background job, which inherits it as ignored: tests send it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    return [_postgresql(), *map(_optional, ("zCLI", "zlsp"))]


def _postgresql() -> str:
    try:
        return f"postgresql: {postgres.describe()}"
    except (OSError, ServerUnavailable) as error:
        return f"postgresql: unavailable, its tests will fail: {error}"


def _optional(package: str) -> str:
    there = importlib.util.find_spec(package) is not None
    return f"{package}: {'there' if there else 'not importable, what needs it is skipped'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FAULTS in item.path.parents:
            item.add_marker("faults")
        if "soak" in item.keywords and not SOAK:
            item.add_marker(pytest.mark.skip(reason="set ZMIGRATION_SOAK=1"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The DSN of a real server; make databases in it with `fresh_database`."""
    with postgres.chosen_server() as dsn:
        yield dsn


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """The DSN of an empty database that is this test's alone."""
    with fresh_database(postgres_server) as dsn:
        yield dsn
