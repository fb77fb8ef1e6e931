"""One unit of work on a folder: locked, staged, and then put in place at once or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Archive,
    Change,
    CreateTable,
    DropColumn,
    DropTable,
    MigrationError,
    Progress,
    RenameColumn,
    RenameTable,
    Step,
    StoreError,
    Table,
)
from zmigration_api.renames import moves

from . import journal
from .cells import CHUNK
from .files import CsvFile
from .lasting import Lasting
from .lock import FolderLock
from .making import KeysUnsure
from .rewrite import Rewrite
from .staging import Files, Staging, file_name
from .writing import new_file, written

if TYPE_CHECKING:
    from .changing import TableRows

Locate: TypeAlias = Callable[[Files, str], CsvFile | None]
"""A table's file among those of a folder, None if it is not there."""


class Unit:
    """What is between `begin` and `commit`. `release` undoes all of it that is not committed."""

    def __init__(self, folder: Path, locate: Locate, delimiter: bytes) -> None:
        self.staging = Staging(folder)
        self.now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        self._folder = folder
        self._locate = locate
        self._delimiter = delimiter
        self._lock: FolderLock | None = FolderLock(folder)
        self._made: list[Path] = []
        self._sheets: dict[str, TableRows] = {}

    def begin(self, lock_timeout: float) -> list[str]:
        """Make the folder if it is missing, lock it, and tell what of other runs was found."""
        journal.arm()
        try:
            for path in reversed((self._folder, *self._folder.parents)):
                if path.exists():
                    continue
                with suppress(FileExistsError):  # another run was quicker
                    path.mkdir()
                    self._made.append(path)
            assert self._lock is not None
            self._lock.acquire(lock_timeout)
            return _clean_up(self._folder)
        except BaseException:
            self._unlock()
            raise

    def run(self, step: Step, progress: Progress) -> None:
        """Make the changes of one table, in one pass over its file."""
        self.flush()
        restructuring: list[Change] = []
        ways = moves([c for c in step.changes if isinstance(c, RenameTable)])
        for change in step.changes:
            match change:
                case CreateTable(table) if step.restores:
                    self._copy(step.restores, table.name)
                case CreateTable(table):
                    self.staging.refuse_clash(table.name)
                    self._stage(table.name, [new_file(table.columns, self._delimiter)], 0)
                case DropTable(table) if step.keeps:
                    self._existing(table.name)
                    self.staging.rename(table.name, step.keeps.name)
                case DropTable(table):
                    self._existing(table.name)
                    self.staging.remove(table.name)
                case RenameTable():
                    for old, new in ways[change]:
                        self._let_go(old)
                        self.staging.rename(old, new)
                case AddColumn() | DropColumn() | RenameColumn() | AlterColumn():
                    restructuring.append(change)
                case _:
                    pass  # a CSV file remembers neither constraints nor indexes
            self._let_go(change.table)
        if restructuring:
            self._rewrite(restructuring, step, progress)

    def rows(self, table: Table) -> TableRows:
        """The table's rows, to be changed."""
        rows = self._sheets.get(table.name)
        if rows is None or (rows.table is not table and rows.table != table):
            rows = self._sheets[table.name] = self._opened(table, rows)
        return rows

    def _opened(self, table: Table, before: TableRows | None) -> TableRows:
        from .changing import TableRows
        from .sheet import Sheet

        if before is not None:
            return TableRows(before.sheet, table)
        self.staging.watch(table.name)
        return TableRows(Sheet(self._existing(table.name)), table)

    def holds(self, table: str) -> bool:
        """Whether the rows of that table are being changed."""
        return table in self._sheets

    def flush(self) -> None:
        """Write what hooks changed to staged files."""
        for name, rows in self._sheets.items():
            if rows.sheet.dirty:
                self._stage(name, rows.sheet.pieces(), rows.sheet.file.path.stat().st_size)
                rows.sheet.file = self._existing(name)
                rows.sheet.dirty = False

    def prepare(self) -> None:
        """Make ready for `commit` whatever takes long or may fail."""
        self.flush()
        journal.prepare(self._folder, self.staging.actions())

    def commit(self) -> None:
        """Put the staged files in place, all at once, and unlock."""
        actions = self.staging.actions()
        if actions:
            journal.commit(self._folder, actions)
        self._let_go(*self._sheets)
        self._made.clear()
        self._unlock()

    def release(self) -> None:
        """Remove what was staged and made, and unlock. May be called again after an interrupt.

        A commit whose journal is written has happened: it is left for the next run to finish.
        """
        self._let_go(*self._sheets)
        if self._lock is not None and not (self._folder / journal.NAME).exists():
            journal.discard(self._folder)
        self._unlock()

    def _let_go(self, *tables: str) -> None:
        """Forget rows; what was changed of them is written or not wanted."""
        for table in tables:
            rows = self._sheets.pop(table, None)
            if rows is not None:
                rows.sheet.close()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        while self._made:
            try:
                self._made.pop().rmdir()
            except OSError:  # somebody else put something there
                self._made.clear()

    def _rewrite(self, changes: list[Change], step: Step, progress: Progress) -> None:
        name = changes[-1].table
        self.staging.watch(name)
        file = self._existing(name)
        try:
            self._pass(self._rewriting(file, changes, step), step, file, progress)
        except KeysUnsure:
            rewrite = self._rewriting(file, changes, step, asks_keys=True)
            self._pass(rewrite, step, file, progress)

    def _pass(self, rewrite: Rewrite, step: Step, file: CsvFile, progress: Progress) -> None:
        keeping = self._keeping(step.keeps, rewrite, file) if step.keeps else nullcontext()
        with keeping:
            if rewrite.changes_file:
                self._write(file, rewrite, progress)
                return
            for _ in rewrite.parts(progress):
                pass

    def _write(self, file: CsvFile, rewrite: Rewrite, progress: Progress) -> None:
        table = file.shown.stem
        with self._staged(table, file.path.stat().st_size) as (staged, stream):
            differs = written(rewrite.parts(progress), file.path, stream)
            if differs:
                stream.finish()
                rewrite.prove(replace(file, path=staged))
        if differs:
            self.staging.put(table, staged)
        else:
            staged.unlink()

    def _rewriting(
        self, file: CsvFile, changes: list[Change], step: Step, *, asks_keys: bool = False
    ) -> Rewrite:
        if step.restores is None:
            back = step.back
            return Rewrite(file, changes, step.before, self.now, back=back, asks_keys=asks_keys)
        from .restore import Restoring

        return Restoring(
            file,
            changes,
            step.before,
            self.now,
            archive=step.restores,
            kept=self._archived(step.restores),
            wanted=step.after,
            asks_keys=asks_keys,
        )

    @contextmanager
    def _keeping(self, archive: Archive, rewrite: Rewrite, file: CsvFile) -> Iterator[None]:
        """Let a rewrite, which is run inside, also write an archive."""
        self.staging.refuse_clash(archive.name)
        with self._staged(file.shown.stem, 2 * file.path.stat().st_size) as (staged, stream):
            rewrite.keep(archive, stream)
            yield
            stream.finish()
        self.staging.put(archive.name, staged)

    @contextmanager
    def _staged(self, model: str, size: int) -> Iterator[tuple[Path, Lasting]]:
        """A new staged file, which is gone if the block does not come to its end."""
        staged, stream = self.staging.create(model, size)
        try:
            with stream, Lasting(stream) as lasting:
                yield staged, lasting
        except BaseException:
            staged.unlink(missing_ok=True)
            raise

    def _copy(self, archive: Archive, table: str) -> None:
        """A table that comes back; its archive stays."""
        self.staging.refuse_clash(table)
        path = self._archived(archive).path
        staged, stream = self.staging.create(archive.name, path.stat().st_size)
        with stream, path.open("rb") as source:
            shutil.copyfileobj(source, stream, CHUNK)
        self.staging.put(table, staged)

    def _archived(self, archive: Archive) -> CsvFile:
        file = self._locate(self.staging, archive.name)
        if file is None:
            raise StoreError(
                f"the values kept in {file_name(archive.name)} are not there any more",
                hint="put the file back, if you have it elsewhere, and run again",
                file=self._folder / file_name(archive.name),
            )
        return file

    def _stage(self, table: str, pieces: Iterable[bytes], size: int) -> None:
        staged, stream = self.staging.create(table, size)
        with stream:
            stream.writelines(pieces)
        self.staging.put(table, staged)

    def _existing(self, table: str) -> CsvFile:
        file = self._locate(self.staging, table)
        if file is None:
            raise StoreError(f"the file of the table {table} is not there", file=self._folder)
        return file


def _clean_up(folder: Path) -> list[str]:
    notices = []
    if journal.finish(folder):
        notices.append("finished a commit that was interrupted")
    left = journal.discard(folder)
    if left:
        noun = "file" if left == 1 else "files"
        notices.append(f"removed {left} unfinished {noun} of a run that was interrupted")
    return notices


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """The system's errors as StoreErrors that say which file."""
    try:
        yield
    except MigrationError:
        raise
    except UnicodeEncodeError as error:
        raise StoreError(f"{error.object!r} cannot be written in UTF-8", file=folder) from error
    except OSError as error:
        raise StoreError(
            error.strerror or str(error),
            hint="check the rights to the folder and the room on the disk",
            file=error.filename if isinstance(error.filename, str) else folder,
        ) from error
