"""What people see: the specification's screen, line for line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from zmigration_api import (
    AddColumn,
    AlterColumn,
    Change,
    Hazard,
    MigrationError,
    OutcomeUnknown,
    Progress,
    Step,
    Store,
    as_run,
)
from zmigration_api.describe import detail, summary, symbol
from zmigration_api.renames import without_aside

from .app import App
from .outcome import Outcome, SchemaOutcome
from .preflight import Violation
from .renaming import Names
from .schema_file import SchemaFile
from .screen import Screen
from .survey import SchemaSurvey, Unit
from .unit_of_work import Result
from .violations import violation_lines

STYLES = {"+": "green", "-": "red", "~": "yellow"}


class Report:
    """Tells on a screen how a run goes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._line = self.line = screen.line

    @property
    def quiet(self) -> bool:
        """Whether nobody reads this, so that nobody can be asked."""
        return self._screen.quiet

    def banner(self, app_file: str, folder: Path) -> None:
        """The head of every run."""
        self._screen.title("🔄 zMigration: Schema Evolution System")
        self._line(f"   App: {app_file}")
        self._line(f"   Directory: {folder}")
        self._line("=" * 70, "dim")
        self._line()
        self._line("1️⃣ Loading application configuration...")

    def loaded(self, app: App) -> None:
        """Stages 1 and 2 went well."""
        self._line(f"   ✅ Loaded zSpark for: {app.title}", "green")
        self.warnings(app.warnings)
        self._line()
        self._line("2️⃣ Initializing zCLI...")

    def initialized(self, warnings: Sequence[str]) -> None:
        """Plugins are there."""
        self._line("   ✅ zCLI initialized", "green")
        self.warnings(warnings)
        self._line()
        self._line("3️⃣ Discovering schemas...")

    def discovered(self, files: Sequence[SchemaFile], notes: Sequence[str]) -> None:
        """Every schema that was found, and how many of them take part."""
        if files:
            self._line("📊 Discovered Schemas:", "bold")
        for file in files:
            self._line(f"   ✓ {file.name}", "green")
            self._line(f"      Data Type: {file.meta.data_type}")
            self._line(f"      Version: {file.meta.version or 'none'}")
            enabled = "disabled" if file.meta.enabled is False else "enabled"
            self._line(f"      Status: zMigration: {enabled}")
            self.warnings([f"{file.path.name}:{w.line}: {w.message}" for w in file.warnings])
        self.warnings(notes)
        self._line()
        self._screen.title("✅ Schema Discovery Complete")
        self._line()

    def ready(self, count: int, stage: str) -> None:
        """How many schemas will be looked at."""
        self._line(f"📌 {count} schema(s) ready for migration")
        self._line()
        self._line(f"4️⃣ {stage}")

    def nothing_found(self) -> None:
        """No schema takes part; the specification's troubleshooting names the causes."""
        self._line("⚠️  No schemas found with zMigration enabled", "yellow")
        self._line("   1. Check that .zEnv has a line like ZDATA_USERS_URL=@.Data")
        self._line("   2. Check that the schema's Meta has zMigration: true")

    def warnings(self, texts: Sequence[str]) -> None:
        """Things that do not stop the run."""
        for text in texts:
            self._line(f"   ⚠️  {text}", "yellow")

    def changes(
        self, schema: SchemaSurvey, steps: Sequence[Step], store: Store, *, preview: bool
    ) -> None:
        """The changes of one schema: as a preview with the store's types, or before the prompt."""
        if not preview:
            self.warnings([hazard.text for hazard in _hazards(steps) if hazard.kind == "rewrite"])
        self._line(f"Detected changes for {schema.file.name}:", "bold")
        qualified = len(schema.desired.tables) > 1
        for change in schema.changes:
            text = (
                _preview(change, store, schema, qualified) if preview else _done(change, qualified)
            )
            self._line(f"  {symbol(change)} {text}", STYLES[symbol(change)])
        for hazard in _hazards(steps):
            if hazard.kind in ("data_loss", "rename_or_replace"):
                self._line(f"  ⚠️  {hazard.text}", "yellow")
        self._line()

    def versions(self, schema: SchemaSurvey) -> None:
        """What the version will be, and why."""
        decision = schema.decision
        breaking = any(change.breaking for change in schema.changes)
        if decision.to is None:
            return
        word = "Suggested" if decision.suggested == decision.to else "Target"
        why = "breaking" if breaking else "non-breaking"
        self._line(f"{word} version: {decision.to} ({why})")
        self._line(f"Current version: {decision.recorded or 'not recorded yet'}")
        self._line()

    def ddl(self, steps: Sequence[Step]) -> None:
        """The statements, as they would be run."""
        self._line("DDL Preview:", "bold")
        for statement in as_run(steps):
            self._line(f"  {statement}")
        if not any(step.statements for step in steps):
            self._line("  (none: the store need not change)")
        for hazard in _hazards(steps):
            if hazard.kind not in ("data_loss", "rename_or_replace"):
                self._line(f"  Note: {hazard.text}", "dim")
        self._line()

    def preview(self, schema: SchemaSurvey, steps: Sequence[Step], store: Store) -> None:
        """What a run would do to one schema."""
        if schema.changes:
            self.changes(schema, steps, store, preview=True)
            self.ddl(steps)
            self.versions(schema)
        else:
            self.up_to_date(schema)

    def looked(self, mode: str) -> None:
        """The last word of a run that only looks."""
        self._line(f"No changes will be applied ({mode} mode).")

    def up_to_date(self, schema: SchemaSurvey) -> None:
        """Nothing to do for one schema, or nothing but to record its version."""
        to = schema.decision.to
        self._line(f"Migrating {schema.file.name}...")
        self._line(f"   Version: {_version_line(schema)}")
        if to is None:
            self._line("   ✅ Already up to date (0 operation(s))", "green")
        else:
            self._line(f"   📌 Nothing to change; {to} is to be recorded")
        self._adopted(schema)
        self._line()

    def failed(self, unit: Unit, error: MigrationError, not_done: str) -> None:
        """Every schema of a unit failed together."""
        known = f"{not_done}, nothing was changed"
        what = "see above" if isinstance(error, OutcomeUnknown) else known
        for file in unit.files:
            self._line(f"   ❌ {file.name}: {what}", "red")
        self._line()

    def approve(self, question: str) -> bool:
        """Ask for the whole unit."""
        answer = self._screen.ask(question)
        if not answer:
            self._line("Not applied, nothing was changed.")
        self._line()
        return answer

    def is_rename(self, table: str, old: str, new: str) -> bool:
        """Ask whether a drop and an add are one rename."""
        renamed = self._screen.ask(f"Is {table}.{new} the renamed {table}.{old}?")
        if renamed:
            self._line("   Taken as a rename here. Other stores of this app need the line")
            self._line(f"   `renamed_from: {old}` at {new} in the schema file, or they will ask.")
        self._line()
        return renamed

    def step(self, step: Step) -> AbstractContextManager[Progress]:
        """A bar for one step, if it takes long."""
        return self._screen.progress(step.table)

    def migrated(self, schema: SchemaSurvey, result: Result) -> None:
        """One schema is done."""
        self._line(f"Migrating {schema.file.name}...")
        self._line(f"   Version: {_version_line(schema)}")
        count = len(schema.changes)
        word = "Migration complete" if result.record else "Already up to date"
        self._line(f"   ✅ {word} ({count} operation(s))", "green")
        self._adopted(schema)
        self.warnings([result.warning] if result.warning else [])
        if result.record is not None and (count or schema.adopted):
            self._line()
            self._line("Migration history recorded:")
            self._line(f"   {result.history_display}")
            self._line(f"   Hash: {result.record.schema_hash[:12]}...")
            self._line(f"   Changes: {result.record.changes_summary}")
        self._line()

    def _adopted(self, schema: SchemaSurvey) -> None:
        """What is there already as the file wants it, and is ours from now on."""
        for change in schema.adopted:
            self._line(f"   Adopted: {_done(change, len(schema.desired.tables) > 1)}")

    def moved(self, schema: SchemaSurvey) -> None:
        """What moved in the store and is taken as it is, or is put right by --force-sync."""
        self.warnings([f"Schema drift detected: {move.text}" for move in schema.moved])

    def notices(self, store: Store) -> None:
        """What a store did about runs before."""
        self.warnings(store.notices)

    def unfinished(self, store: Store) -> None:
        """A run that only looks leaves what a killed run left."""
        if store.unfinished:
            text = f"{store.display}: a run was interrupted here; the next migration tidies up"
            self.warnings([text])

    def violations(self, violations: Sequence[Violation]) -> None:
        """Which rows stand in the way, and what to do."""
        for violation in violations:
            for line in violation_lines(violation):
                self._line(f"   {line}")

    def error(self, error: MigrationError) -> None:
        """An error in one or two lines."""
        self._line(without_aside(f"❌ {error}"), "red")
        if error.hint:
            self._line(f"   → {error.hint}")

    def results(
        self,
        outcome: Outcome,
        done: str = "✅ All migrations applied successfully!",
        untouched: str = "✅ {} schema(s) already up to date",
    ) -> None:
        """The end of a run that may have changed something."""
        self._screen.title("📊 Migration Results")
        self._line()
        for text, style in _result_lines(outcome.schemas, untouched):
            self._line(f"   {text}", style)
        self._line()
        if outcome.exit_code == 0:
            self._screen.title(done)


def _result_lines(schemas: Sequence[SchemaOutcome], untouched: str) -> list[tuple[str, str]]:
    texts = {**_RESULT_TEXTS, "up_to_date": (untouched, "green")}
    ends = ["unknown" if isinstance(s.error, OutcomeUnknown) else s.status for s in schemas]
    counts = {end: ends.count(end) for end in texts}
    return [
        (text.format(counts[status]), style)
        for status, (text, style) in texts.items()
        if counts[status]
    ]


_RESULT_TEXTS = {
    "applied": ("✅ {} migration(s) applied successfully", "green"),
    "rolled_back": ("✅ {} schema(s) rolled back", "green"),
    "up_to_date": ("", "green"),
    "pending": ("📌 {} migration(s) pending, not applied", "yellow"),
    "skipped": ("⏭️  {} schema(s) skipped", "yellow"),
    "failed": ("❌ {} migration(s) failed, nothing of them was changed", "red"),
    "unknown": ("❌ {} migration(s) with an unknown outcome, see above", "red"),
}


def _hazards(steps: Sequence[Step]) -> dict[Hazard, None]:
    """Each hazard of these steps once, in their order."""
    return dict.fromkeys(hazard for step in steps for hazard in step.hazards)


def _version_line(schema: SchemaSurvey) -> str:
    decision = schema.decision
    if decision.recorded and decision.to and decision.to != decision.recorded:
        return f"{decision.recorded} → {decision.to}"
    return str(decision.to or decision.recorded)


def _done(change: Change, qualified: bool) -> str:
    facts = detail(change)
    return summary(change, qualified=qualified) + (f" ({facts})" if facts else "")


def _preview(change: Change, store: Store, schema: SchemaSurvey, qualified: bool) -> str:
    text = summary(change, qualified=qualified, done=False)
    match change:
        case AddColumn(table, column):
            old = Names.of(schema.changes).old_table(table)
            facts = store.native_type(column, schema.current.table(old))
        case AlterColumn():
            facts = detail(change)
        case _:
            facts = ""
    return f"{text} ({facts})" if facts else text
