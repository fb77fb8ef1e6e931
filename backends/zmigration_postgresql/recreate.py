"""Dropped tables and columns as they were: their definitions, and their values from an archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zmigration_api import Archive, KeptColumn
from zmigration_api.history import PREFIX
from zmigration_sql import literal

from .archive import Keep, guard
from .catalog import Catalog, LiveColumn, LiveTable, Part, Policy, Sequence, Trigger
from .names import QUOTING, table_name
from .positions import kept_name, position_copied
from .render import SQL, Commented
from .tokens import lasting
from .types import ddl


def table_back(
    name: str, catalog: Catalog, facts: LiveTable, archive: Archive, gone: set[str]
) -> list[str]:
    """The table with its rows, without foreign keys and what is called as one of `gone`."""
    columns = catalog.columns(name)
    table = table_name(name)
    owned = [(column, one) for column in columns for one in column.sequences]
    own = [(column, one) for column, one in owned if not _is_identity(column, one)]
    parts = [p for p in catalog.parts(name) if p.kind != "foreign key" and p.name not in gone]
    unlogged = "UNLOGGED " if facts.unlogged else ""
    options = f" WITH ({facts.options})" if facts.options else ""
    listed = ", ".join(_definition(column) for column in columns)
    return [
        *(sequence_made(sequence) for _, sequence in own),
        f"CREATE {unlogged}TABLE {table} ({listed}){options};",
        *(_owned(name, column, sequence) for column, sequence in own),
        *(text for _, sequence in owned for text in sequence_rest(sequence)),
        _rows(name, archive, columns),
        *(position_copied(one.name, kept_name(archive.name, one.name)) for _, one in owned),
        *(statement for part in parts for statement in part_back(name, part)),
        *(text for trigger in catalog.triggers(name) for text in trigger_back(name, trigger)),
        *(text for column in columns for text in _required_rest(name, column)),
        *(text for column in columns for text in column_rest(name, column)),
        *_comments(table, facts.comment, ()),
        *_guarded(name, catalog),
    ]


def part_back(table: str, part: Part) -> list[str]:
    """A constraint, foreign key, index or statistics again; `table` as it is called then."""
    if part.kind == "statistics":
        return list(_statistics_back(part))
    definition = lasting(part.definition)
    on: Commented = "index" if part.kind == "index" else "constraint"
    name = QUOTING.name(part.name)
    made = f"{definition};"
    if part.kind != "index":
        made = f"{SQL.alter(table)} ADD CONSTRAINT {name} {definition};"
    statements = [made]
    if part.options:
        statements.append(f"ALTER INDEX {SQL.beside(table, part.name)} SET ({part.options});")
    statements += [f"ALTER INDEX {SQL.beside(table, part.name)} {t};" for t in part.targets]
    if part.clustered:
        statements.append(f"{SQL.alter(table)} CLUSTER ON {name};")
    if part.identifies:
        statements.append(f"{SQL.alter(table)} REPLICA IDENTITY USING INDEX {name};")
    if part.index_comment is not None:
        statements.append(SQL.comment(table, "index", part.name, part.index_comment))
    if part.comment is not None:
        statements.append(SQL.comment(table, on, part.name, part.comment))
    return statements


def _statistics_back(part: Part) -> Iterator[str]:
    yield f"{part.definition};"
    yield from (f"ALTER STATISTICS {part.name} {target};" for target in part.targets)
    if part.comment is not None:
        yield f"COMMENT ON STATISTICS {part.name} IS {literal(part.comment)};"


def generated_back(table: str, column: LiveColumn) -> list[str]:
    """A generated column again: its values are computed."""
    rest = [*_required_rest(table, column), *column_rest(table, column)]
    return [SQL.add_column(table, _definition(column)), *rest]


def column_rest(table: str, column: LiveColumn) -> list[str]:
    """What a column has by statements of their own."""
    alter = f"{SQL.alter(table)} ALTER COLUMN {QUOTING.name(column.name)}"
    attributes = [f"{alter} SET {attribute};" for attribute in column.attributes]
    return [*attributes, *_comments(table_name(table), None, (column,))]


def column_back(column: LiveColumn, keep: Keep, kept: KeptColumn) -> list[str]:
    """A column again, with its values; rows that have come since get the default."""
    table = table_name(keep.table)
    name = QUOTING.name(column.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    unmatched = f"NOT EXISTS (SELECT 1 FROM {keep.source} WHERE {keep.match})"
    update = f"UPDATE {table} SET {name} = {keep.before(kept)} FROM {keep.source}"
    statements = [f"ALTER TABLE {table} ADD COLUMN {name} {_type(column)};"]
    updates = [f"{update} WHERE {keep.match};"]
    if column.default is not None:
        updates.append(f"{alter} SET DEFAULT {lasting(column.default)};")
        updates.append(f"UPDATE {table} SET {name} = DEFAULT WHERE {unmatched};")
    elif column.identity and column.sequence:
        following = f"nextval({literal(_helper(column, column.sequence).name)})"
        updates.append(f"UPDATE {table} SET {name} = {following} WHERE {unmatched};")
    statements += keep.quiet(updates)
    if column.required:
        statements += required_back(keep.table, column)
    first, last = _sequences_first(column, keep), _sequences_last(column, keep)
    return [*first, *statements, *last, *column_rest(keep.table, column)]


def _sequences_first(column: LiveColumn, keep: Keep) -> Iterator[str]:
    """The sequences of a column that comes back, each where it stood."""
    for one in column.sequences:
        made = _helper(column, one)
        yield sequence_made(made)
        yield position_copied(made.name, kept_name(keep.archive.name, one.name))


def _sequences_last(column: LiveColumn, keep: Keep) -> Iterator[str]:
    """The sequences as the column's own; that of an identity comes with it."""
    alter = f"{SQL.alter(keep.table)} ALTER COLUMN {QUOTING.name(column.name)}"
    for one in column.sequences:
        made = _helper(column, one)
        if made is one:
            yield _owned(keep.table, column, one)
        else:
            yield f"{alter} ADD{_identity(one, always=column.identity == 'a')};"
            yield position_copied(one.name, made.name)
            yield f"DROP SEQUENCE {made.name};"
        yield from sequence_rest(one)


def _helper(column: LiveColumn, sequence: Sequence) -> Sequence:
    """The sequence that numbers rows until the column is an identity again, else itself."""
    if not _is_identity(column, sequence):
        return sequence
    return replace(sequence, name=QUOTING.name(f"{PREFIX}sequence"), unlogged=False)


def _is_identity(column: LiveColumn, sequence: Sequence) -> bool:
    return bool(column.identity) and sequence is column.sequence


def required_back(table: str, column: LiveColumn) -> list[str]:
    """NOT NULL again; what it would refuse is refused in plain words."""
    alter, name = SQL.alter(table), QUOTING.name(column.name)
    said, usual = column.requirement, f"{table}_{column.name}_not_null"
    again = f"{alter} ALTER COLUMN {name} SET NOT NULL;"
    if said is not None and (said.name != usual or said.rest):
        again = f"{alter} ADD CONSTRAINT {QUOTING.name(said.name)} NOT NULL {name}{said.rest};"
    guarded = [] if said and not said.valid else [_required_guard(table, column.name)]
    return [*guarded, again, *_required_comment(table, column)]


def _required_rest(table: str, column: LiveColumn) -> list[str]:
    """What the column's definition does not say of its NOT NULL."""
    if column.requirement is not None and not column.requirement.valid:
        return required_back(table, column)
    return [*_required_comment(table, column)]


def _required_comment(table: str, column: LiveColumn) -> Iterator[str]:
    said = column.requirement
    if said is not None and said.comment is not None:
        yield SQL.comment(table, "constraint", said.name, said.comment)


def _required_guard(table: str, column: str) -> str:
    start = f"{table}.{column} was required, but "
    end = " of its rows, which came or changed since, have no value for it"
    return guard(table, f"{QUOTING.name(column)} IS NULL", start, end)


def _definition(column: LiveColumn) -> str:
    words = [QUOTING.name(column.name), _type(column)]
    said = column.requirement
    if column.required and said is None:
        words.append("NOT NULL")
    elif said is not None and said.valid:
        words.append(f"CONSTRAINT {QUOTING.name(said.name)} NOT NULL{said.rest}")
    if column.generated is not None:
        kind = "VIRTUAL" if column.virtual else "STORED"
        words.append(f"GENERATED ALWAYS AS ({lasting(column.generated)}) {kind}")
    if column.default is not None:
        words.append(f"DEFAULT {lasting(column.default)}")
    if column.identity and column.sequence:
        always = column.identity == "a"
        words.append(_identity(column.sequence, always=always).strip())
    return " ".join(words)


def _type(column: LiveColumn) -> str:
    return ddl(column.native) + (f" COLLATE {column.collation}" if column.collation else "")


def _identity(sequence: Sequence, *, always: bool) -> str:
    kind, options = "ALWAYS" if always else "BY DEFAULT", sequence.options()
    return f" GENERATED {kind} AS IDENTITY (SEQUENCE NAME {sequence.name} {options})"


def sequence_made(sequence: Sequence) -> str:
    """A sequence again, but for its owner, comment and grants."""
    unlogged = "UNLOGGED " if sequence.unlogged else ""
    options = f"AS {sequence.type} {sequence.options()}"
    return f"CREATE {unlogged}SEQUENCE {sequence.name} {options};"


def sequence_rest(sequence: Sequence) -> Iterator[str]:
    """What a sequence has by statements of their own."""
    if sequence.otherwise is not None:
        yield f"ALTER SEQUENCE {sequence.name} SET {sequence.otherwise};"
    if sequence.comment is not None:
        yield f"COMMENT ON SEQUENCE {sequence.name} IS {literal(sequence.comment)};"
    for grant in sequence.grants:
        privilege, _, who = grant.partition(" TO ")
        yield f"GRANT {privilege} ON SEQUENCE {sequence.name} TO {who};"


def _owned(table: str, column: LiveColumn, sequence: Sequence) -> str:
    owner = f"{table_name(table)}.{QUOTING.name(column.name)}"
    return f"ALTER SEQUENCE {sequence.name} OWNED BY {owner};"


def policy_back(name: str, policy: Policy) -> list[str]:
    """A policy of a table again."""
    table, quoted = table_name(name), QUOTING.name(policy.name)
    words = [f"CREATE POLICY {quoted} ON {table} AS {policy.permissive} FOR {policy.command}"]
    words.append(f"TO {policy.roles}")
    for word, text in (("USING", policy.using), ("WITH CHECK", policy.check)):
        if text is not None:
            words.append(f"{word} ({lasting(text)})")
    statements = [f"{' '.join(words)};"]
    if policy.comment is not None:
        statements.append(f"COMMENT ON POLICY {quoted} ON {table} IS {literal(policy.comment)};")
    return statements


def _guarded(name: str, catalog: Catalog) -> Iterator[str]:
    """Who may do what with a table, and who else knows of it: policies, grants, publications."""
    for policy in catalog.policies(name):
        yield from policy_back(name, policy)
    for grant in catalog.grants(name):
        column = f" ({QUOTING.name(grant.column)})" if grant.column else ""
        option = " WITH GRANT OPTION" if grant.passed_on else ""
        yield f"GRANT {grant.privilege}{column} ON {table_name(name)} TO {grant.who}{option};"
    for text in catalog.guarding(name):
        own = text.startswith(("CREATE ", "DO "))
        yield f"{text};" if own else f"{SQL.alter(name)} {text};"


def _rows(name: str, archive: Archive, columns: tuple[LiveColumn, ...]) -> str:
    own = QUOTING.names(column.name for column in columns if column.generated is None)
    target = f"{table_name(name)} ({own}) OVERRIDING SYSTEM VALUE" if own else table_name(name)
    return f"INSERT INTO {target} SELECT {own} FROM {table_name(archive.name)};"


def trigger_back(name: str, trigger: Trigger) -> Iterator[str]:
    """A trigger of a table again."""
    table = table_name(name)
    yield f"{trigger.definition};"
    change = {"D": "DISABLE TRIGGER", "R": "ENABLE REPLICA TRIGGER", "A": "ENABLE ALWAYS TRIGGER"}
    if trigger.enabled in change:
        yield f"ALTER TABLE {table} {change[trigger.enabled]} {QUOTING.name(trigger.name)};"
    if trigger.comment is not None:
        name = QUOTING.name(trigger.name)
        yield f"COMMENT ON TRIGGER {name} ON {table} IS {literal(trigger.comment)};"


def _comments(table: str, comment: str | None, columns: tuple[LiveColumn, ...]) -> Iterator[str]:
    if comment is not None:
        yield f"COMMENT ON TABLE {table} IS {literal(comment)};"
    for column in columns:
        if column.comment is not None:
            name = QUOTING.name(column.name)
            yield f"COMMENT ON COLUMN {table}.{name} IS {literal(column.comment)};"
