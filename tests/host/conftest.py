"""The real host: `pytest -m host` in an environment that has zolo-zcli beside this package."""

from __future__ import annotations

import importlib.util
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.host.driving import Driven

HERE = Path(__file__).parent
DISTRIBUTIONS = {"zCLI": "zolo-zcli", "zlsp": "zolo-lsp"}
"""What a module of these tests may need, by the name that it imports."""
DEMOS = "ZMIGRATION_ZCLI_DEMOS"
"""The environment variable that names the folder Demos/Archive of a clone of zolo-zcli."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker("host")
        needs = getattr(getattr(item, "module", None), "NEEDS", "zCLI")
        if importlib.util.find_spec(needs) is None:
            reason = f"{needs} ({DISTRIBUTIONS[needs]}) is not importable here"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host writes into the user's folders when it starts."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def demos() -> Path:
    folder = os.environ.get(DEMOS)
    if not folder:
        pytest.skip(f"{DEMOS} does not name the folder Demos/Archive of a clone of zolo-zcli")
    return Path(folder)


@pytest.fixture
def new_store(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Lines of Meta for a store of some backend that zCLI makes; databases go after the test."""
    databases: list[str] = []

    def lines(backend: str) -> str:
        name = f"zmigration_host_{uuid.uuid4().hex[:8]}"
        said = f"  Data_Type: {backend}\n  Data_Label: {name}\n"
        if backend != "postgresql":
            return said
        databases.append(name)
        place = urlsplit(request.getfixturevalue("postgres_server"))
        login = f"  Data_Port: {place.port}\n  Data_User: {place.username}\n"
        return f"{said}  Data_Host: {place.hostname}\n{login}"

    yield lines
    for name in databases:
        server = request.getfixturevalue("postgres_server")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def host(tmp_path: Path) -> Driven:
    """An app's folder, with the real zCLI to run it."""
    folder = tmp_path / "app"
    folder.mkdir()
    return Driven(folder)
