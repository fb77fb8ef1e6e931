"""What people see of a rollback."""

from __future__ import annotations

from collections.abc import Sequence

from zmigration_api import AddColumn, AlterColumn, DropColumn, DropTable, Step
from zmigration_api.describe import detail, summary, symbol
from zmigration_api.renames import without_aside

from .outcome import Outcome
from .report import STYLES, Report
from .taking_back import TakenBack
from .way_back import Undoing


class RollbackReport:
    """Tells on the report's screen how a rollback goes."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._line = report.line

    def changes(self, undoing: Undoing) -> None:
        """What one schema goes through on its way back, and what becomes of its values."""
        name, to = undoing.file.name, _goal(undoing)
        self._line(f"Rollback of {name}: {undoing.from_version} → {to}", "bold")
        tables = undoing.last.tables.tables if undoing.last.tables else ()
        for change in undoing.changes:
            facts = detail(change)
            text = summary(change, qualified=len(tables) > 1, done=False)
            line = f"{text} ({facts})" if facts else text
            self._line(f"  {symbol(change)} {line}", STYLES[symbol(change)])
        if not undoing.changes:
            self._line("  (nothing changes in the store)")
        for step in undoing.steps:
            for text in _about_values(step, undoing.steps):
                self._line(f"  ⚠️  {text}", "yellow")
        self._line()

    def statements(self, steps: Sequence[Step]) -> None:
        """The statements, as they would be run."""
        self._report.ddl(steps)

    def rolled_back(self, taken: TakenBack) -> None:
        """One schema is back."""
        undoing = taken.undoing
        self._line(f"Rolling back {undoing.file.name}...")
        self._line(f"   Version: {undoing.from_version} → {_goal(undoing)}")
        self._line(f"   ✅ Rollback complete ({len(undoing.changes)} operation(s))", "green")
        self._report.warnings(taken.warnings)
        self._line()
        self._line("Migration history recorded:")
        self._line(f"   {taken.history_display}")
        self._line(f"   Hash: {taken.record.schema_hash[:12]}...")
        self._line(f"   Changes: {taken.record.changes_summary}")
        self._line()

    def results(self, outcome: Outcome) -> None:
        """The end of a rollback."""
        untouched = "✅ {} schema(s) not part of it, left as they are"
        self._report.results(outcome, "✅ Rolled back successfully!", untouched)


def _goal(undoing: Undoing) -> str:
    return undoing.to_version if undoing.goal else "nothing recorded"


def _about_values(step: Step, steps: Sequence[Step]) -> list[str]:
    """What becomes of values on the way back, which is all these steps."""
    found = []
    kept = f"; kept in {step.keeps.name}" if step.keeps else ""
    for change in step.changes:
        match change:
            case DropColumn(table, column):
                found.append(f"what was written to {table}.{column.name} since goes{kept}")
            case DropTable(table):
                found.append(f"the rows of {table.name} go with it{kept}")
            case AddColumn(table, column) if column.generated is None and not any(
                _restores(other, table, column.name) for other in steps
            ):
                found.append(f"{table}.{column.name} comes back without values: none were kept")
            case AlterColumn(table, old, new) if new.generated and not old.generated:
                found.append(f"what was written to {table}.{new.name} since goes{kept}")
            case AlterColumn(table, _, new) if step.restores is not None:
                found.append(f"values of {table}.{new.name} changed since are converted back")
            case _:
                pass
    return list(map(without_aside, found))


def _restores(step: Step, table: str, column: str) -> bool:
    """Whether that step brings the values of a column back; one does it for all of its table."""
    archive = step.restores
    if archive is None or table not in (archive.table, archive.new_table):
        return False
    # A column that was set aside is kept under either name.
    return any(archive.kept_column(name) for name in (column, without_aside(column)))
