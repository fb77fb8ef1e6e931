"""An altered column: its type, its values, whether it is required, its default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zmigration_api import (
    AlterColumn,
    Column,
    CopyOf,
    Hazard,
    NamedType,
    Table,
    convertible,
)
from zmigration_api.history import PREFIX

from .casts import bare_pattern, column_to
from .facts import Facts
from .fill import default_text, filled
from .names import QUOTING, collation_name, table_name
from .native_casts import Hop
from .render import SQL
from .tokens import lasting
from .types import canonical, ddl, native_type, same_native, sized

HELPER = f"{PREFIX}stored"
REINDEXED = "while its indexes are built anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One column, before and after, with both type texts. `table` is as it is before.

    `bare` says that a plain cast agrees with the shared conversion for every value there is.
    `exact`: both columns say all that the store holds of them. `hop` and `hop_back` are what the
    server knows of the way from the one native type to the other, and back. `copied`: it cannot
    make a computed column a plain one in place (before version 13).
    """

    table: Table
    old: Column
    new: Column
    before: str
    native: str
    bare: bool = False
    exact: bool = False
    hop: Hop | None = None
    hop_back: Hop | None = None
    copied: bool = False

    @classmethod
    def of(cls, change: AlterColumn, table: Table | None, *, exact: bool = False) -> Alteration:
        """The alteration; what `table` knows of the live column goes before what `change` says."""
        live = table.column(change.old.name) if table else None
        before = change.old.exact_type or (live and live.native) or change.old.native
        before = before or canonical(native_type(change.old, None))
        exact = exact or change.new.exact_type is not None
        native = native_type(change.new, table) if change.retyped else before
        return cls(
            table=table or Table(name=change.table, columns=(change.old,)),
            old=replace(change.old, native=before),
            new=change.new,
            before=before,
            native=native,
            exact=exact,
        )

    @property
    def changes_native(self) -> bool:
        if self.new.exact_type is not None and self.old.exact_type is not None:
            return self.native != self.before
        return not same_native(self.native, self.before)

    @property
    def collation(self) -> str | None:
        """What the values will be ordered by; a schema that says nothing of it leaves it."""
        texts = self.old.type.textual and self.new.type.textual
        return self.new.collation or (self.old.collation if texts and not self.exact else None)

    @property
    def changes_type(self) -> bool:
        """Whether the native type or its collation becomes another."""
        return self.changes_native or self.collation != self.old.collation

    @property
    def anew(self) -> bool:
        """Whether the column goes and comes again: computed values are computed again."""
        if self.new.generated is None:
            return False
        if self.old.generated != self.new.generated:
            return True
        return self.exact and (self.changes_type or self.old.virtual != self.new.virtual)

    @property
    def stored_now(self) -> bool:
        """Whether computed values go into another column, which takes the place of theirs."""
        return self.freed and (self.old.virtual or self.copied)

    @property
    def natively(self) -> bool:
        """Whether values go by the server's own casts, which the shared conversion has not."""
        using = self.new.using is not None
        native = "native" in (self.old.type.kind, self.new.type.kind)
        return self.exact and native and not using

    @property
    def stays(self) -> bool:
        """Whether the server leaves every value as it is stored, and writes nothing anew."""
        said = self.new.using is not None or self.new.generated is not None
        return self.changes_native and not said and self._hop.stays

    def known(self, facts: Facts, planned: Sequence[NamedType]) -> Alteration:
        """The same with what the server knows of the types; `planned` are those to come."""
        if not (self.natively and self.changes_native):
            return self
        there = facts.hop(self.before, self.native, planned)
        return replace(self, hop=there, hop_back=facts.hop(self.native, self.before, planned))

    @property
    def _hop(self) -> Hop:
        return self.hop or Hop(source=self.before, target=self.native)

    @property
    def light(self) -> bool:
        """Whether only a measure of the type changes: what is built over it stays as it is."""
        same_base = sized(self.before)[0] == sized(self.native)[0]
        return same_base and self.collation == self.old.collation and not self.anew

    @property
    def bare_pattern(self) -> str | None:
        """What all texts must match for `USING age::integer` to do; None: it never does."""
        if not self.changes_native or self.new.using is not None or self.new.generated:
            return None
        return bare_pattern(self.old, self.new, self.native)

    @property
    def reads_others(self) -> bool:
        """Whether the new values may come from other columns."""
        parts = self.new.backfill.parts if self.new.backfill else ()
        copies = any(isinstance(part, CopyOf) for part in parts)
        using = self.new.using is not None and self.new.using.expression is not None
        return copies or using or self.new.generated is not None

    def value_after(self) -> str:
        """What a value will be, of the native type that it will have."""
        native = ddl(self.native)
        value = self._name
        if self._regenerated:
            value = f"({lasting(self.new.generated or '')})::{native}"
        elif self.natively:
            value = self._hop.carried(self._name, self.native) if self.changes_native else value
        elif self.bare:
            value = f"{self._name}::{native.lower()}"
        elif self._converts:
            value = f"({column_to(self._name, self.old, self.new, self.native)})"
            text = self.new.type.textual and self.new.using is None
            hop = Hop(source="text", target=self.native, direct=True)
            value = hop.carried(value, self.native) if text else f"{value}::{native}"
        elif self.changes_native:
            hop = replace(self._hop, direct=True)
            value = hop.carried(self._name, self.native)
        fill = self._fill()
        return value if fill is None else f"coalesce({value}, {fill})"

    def statements(self) -> list[str]:
        """The statements, in an order in which each can be made."""
        if self.anew:
            return self._anew()
        if self.stored_now:
            return self._stored()
        plain = [f"{self._alter} DROP EXPRESSION;"] if self.freed else []
        values, rest = self._values(), self._rest()
        freed = [f"{self._alter} DROP NOT NULL;"]
        if values and freed[0] in rest:  # values may become null
            rest.remove(freed[0])
            values = [*freed, *values]
        return [*plain, *values, *self._filled(), *rest]

    def back(self) -> Alteration:
        """The same the other way round."""
        return replace(
            self,
            old=replace(self.new, native=canonical(self.native)),
            new=self.old,
            before=self.native if self.exact else canonical(self.native),
            native=self.before,
            hop=self.hop_back,
            hop_back=self.hop,
        )

    def undo(self) -> list[str]:
        """The structure as it was; values that cannot convert back become null."""
        back = self.back()
        return back._anew() if self.freed or self.anew else back._structure()

    def _stored(self) -> list[str]:
        """A plain column in place of a computed one, with the values that it shows."""
        table = self.table.name
        whole = replace(self.new, name=HELPER, required=False, identity=None)
        made = SQL.add_column(table, SQL.column(whole, ddl(self.native), None))
        update = f"UPDATE {table_name(table)} SET {HELPER} = {self._name};"
        rest = replace(self, old=replace(self.old, required=False))._rest()
        renamed = SQL.rename_column(table, HELPER, self.new.name)
        return [made, update, SQL.drop_column(table, self.new.name), renamed, *rest]

    def hazards(self) -> Iterator[Hazard]:
        name = self.table.name
        if self.anew and self.old.generated is None:
            text = f"The values of {name}.{self.new.name} make way for computed ones."
            yield Hazard("data_loss", text)
        if self.anew and self.new.virtual:
            return
        if self.anew or (self.changes_native and not self.stays):
            yield Hazard("rewrite", f"{name} is written anew; nobody reads or writes it meanwhile.")
        elif (self.changes_type and not self.changes_native) or (
            self.stays and self._hop.reindexed
        ):
            yield Hazard("lock", f"Nobody reads or writes {name} {REINDEXED}")
        elif self.new.required and not self.old.required:
            yield Hazard("lock", f"Nobody reads or writes {name} while its rows are checked.")

    @property
    def _alter(self) -> str:
        return f"{SQL.alter(self.table.name)} ALTER COLUMN {QUOTING.name(self.new.name)}"

    @property
    def freed(self) -> bool:
        """Whether values that were computed are plain from now on."""
        return self.old.generated is not None and self.new.generated is None

    @property
    def _regenerated(self) -> bool:
        return self.old.generated != self.new.generated and self.new.generated is not None

    @property
    def _loses_default(self) -> bool:
        """Whether the live default is in the way of the new type."""
        serial = self.old.auto_increment and self.new.type.kind not in ("int", "bigint")
        serial = serial and not self.exact
        stored = self.old.default is not None and self.old.default.stored
        texts = self.old.type.textual and self.new.type.textual and not self.exact
        return self.changes_native and (serial or (stored and not texts))

    def _anew(self) -> list[str]:
        """A generated column again, by another expression; only computed values go."""
        table = self.table.name
        definition = SQL.column(self.new, ddl(self.native), None)
        return [SQL.drop_column(table, self.new.name), SQL.add_column(table, definition)]

    @property
    def _name(self) -> str:
        return QUOTING.name(self.new.name)

    @property
    def _converts(self) -> bool:
        """Whether values go through a conversion, and not only into another native type."""
        if self.stays:
            return False
        if self.natively:
            return self.changes_native
        textual = self.old.type.textual and self.new.type.textual
        if self.changes_native:
            return self.new.generated is None and not (textual and self.new.using is None)
        using = self.new.using is not None and self.old.enum != self.new.enum
        return using or not (textual or self.old.type.kind == self.new.type.kind)

    def _values(self) -> list[str]:
        if self.changes_type:
            return [
                *self._default_dropped(),
                f"{self._alter} TYPE {self._type_and_using(bare=self.bare)};",
            ]
        if not self._converts:
            return []
        value = column_to(self._name, self.old, self.new, self.native)
        where = f"{self._name} IS DISTINCT FROM ({value})"
        return [f"UPDATE {table_name(self.table.name)} SET {self._name} = {value} WHERE {where};"]

    def _type_and_using(self, bare: bool) -> str:
        collated = f" COLLATE {collation_name(self.collation)}" if self.collation else ""
        native = f"{ddl(self.native)}{collated}"
        if not self._converts or not self.changes_native:
            return native
        if self.natively:
            return f"{native} USING {self._hop.carried(self._name, self.native)}"
        if bare:
            return f"{native} USING {self._name}::{ddl(self.native).lower()}"
        return f"{native} USING {column_to(self._name, self.old, self.new, self.native)}"

    def _structure(self) -> list[str]:
        """The same without looking at values: for the way back."""
        if not self.changes_type:
            return self._rest()
        native = ddl(self.native)
        if self.natively or convertible(self.old.type, self.new.type):
            using = self._type_and_using(bare=False)
        else:
            using = f"{native} USING NULL::{native.lower()}"
        return [*self._default_dropped(), f"{self._alter} TYPE {using};", *self._rest()]

    def _default_dropped(self) -> list[str]:
        return [f"{self._alter} DROP DEFAULT;"] if self._loses_default else []

    def _fill(self) -> str | None:
        """What nulls under a column that becomes required get: its backfill, else its default."""
        if self.old.required or not self.new.required or not self.new.fills_nulls:
            return None
        return filled(self.new, self.table, self.native)

    def _filled(self) -> list[str]:
        fill = self._fill()
        if fill is None:
            return []
        table = table_name(self.table.name)
        return [f"UPDATE {table} SET {self._name} = {fill} WHERE {self._name} IS NULL;"]

    def _rest(self) -> list[str]:
        """NOT NULL and DEFAULT."""
        statements = []
        if self.new.required and not self.old.required:
            statements.append(f"{self._alter} SET NOT NULL;")
        elif self.old.required and not self.new.required and self.new.name not in self.table.key:
            statements.append(f"{self._alter} DROP NOT NULL;")
        before = None if self._loses_default else default_text(self.old, self.before)
        after = default_text(self.new, self.native)
        if after is not None and after != before:
            statements.append(f"{self._alter} SET DEFAULT {after};")
        elif after is None and before is not None:
            statements.append(f"{self._alter} DROP DEFAULT;")
        return statements
