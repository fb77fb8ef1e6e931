"""A pair on trial: the second database is inspected, the first one migrated to it and back."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Protocol

from tests.pairs.corpus import Pair
from tests.pairs.sqlite_place import Values
from tests.scenarios.harness import Done
from zcli_migration.cli import zolo

CHANGES_PENDING = 3


class Place(Protocol):
    """A database of a dialect."""

    url: str

    def do(self, script: str) -> None: ...

    def catalog(self) -> list[str]: ...

    def values(self) -> Values: ...


@dataclass(frozen=True, slots=True)
class App:
    """A zCLI app over one database."""

    folder: Path

    @classmethod
    def over(cls, place: Place, folder: Path) -> App:
        (folder / "models").mkdir(parents=True)
        (folder / "app.py").write_text('zSpark = {"title": "shop"}\n', encoding="utf-8")
        (folder / ".zEnv").write_text(f"ZDATA_SHOP_URL={place.url}\n", encoding="utf-8")
        return cls(folder)

    def inspect(self, place: Place) -> Done:
        """Write the schema file of what is in a database."""
        return run("inspect", place.url, "--name", "shop", "--out", str(self.folder / "models"))

    def migrate(self, *flags: str) -> Done:
        return run("migrate", str(self.folder / "app.py"), *flags)

    def schema_file(self) -> str:
        files = sorted((self.folder / "models").iterdir())
        return "\n".join(path.read_text(encoding="utf-8") for path in files)


def run(*arguments: str) -> Done:
    """`zolo` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = zolo(arguments)
        except SystemExit as left:  # argparse
            code = left.code if isinstance(left.code, int) else 1
    return Done(code, out.getvalue(), err.getvalue())


def try_pair(pair: Pair, here: Place, there: Place, folder: Path) -> None:
    """Migrate `here` to what `there` is made of, and back."""
    here.do(pair.before)
    here.do(pair.rows)
    there.do(pair.after)
    before, rows, wanted = here.catalog(), here.values(), there.catalog()
    app = App.over(here, folder)
    inspected = app.inspect(there)
    assert inspected.code == 0, inspected.said
    done = app.migrate("--auto-approve")
    if done.code and pair.or_refused:
        assert pair.or_refused in done.said, done.said
    else:
        assert done.code == 0, f"{done.said}\n{app.schema_file()}"
        _arrived(app, here, wanted, rows)
        _nothing_left(app, nothing_to_do=before == wanted, done=done)
        _taken_back(app, before != here.catalog())
    _same(before, here.catalog(), "before, and after the way back")
    assert here.values() == rows


def _arrived(app: App, here: Place, wanted: Sequence[str], rows: Values) -> None:
    _same(wanted, here.catalog(), f"wanted, and there by\n{app.schema_file()}")
    now = here.values()
    for table in now.keys() & rows.keys():
        kept = now[table].keys() & rows[table].keys()
        assert {name: now[table][name] for name in kept} == {
            name: rows[table][name] for name in kept
        }, table


def _nothing_left(app: App, *, nothing_to_do: bool, done: Done) -> None:
    again = app.migrate("--check")
    assert again.code == 0, f"{again.said}\n{app.schema_file()}"
    if nothing_to_do:
        assert "(0 operation(s))" in done.out, f"a false difference: {done.said}"


def _taken_back(app: App, changed: bool) -> None:
    back = app.migrate("--rollback", "--auto-approve")
    assert back.code == 0 or not changed, back.said


def _same(wanted: Sequence[str], found: Sequence[str], what: str) -> None:
    texts = ("\n".join(wanted).splitlines(), "\n".join(found).splitlines())
    difference = "\n".join(unified_diff(*texts, lineterm="", n=1))
    assert not difference, f"{difference}\n({what})"
