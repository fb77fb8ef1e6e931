"""Values as SQL: defaults, what fills rows that are there, and conversions."""

from __future__ import annotations

from collections.abc import Mapping

from zmigration_api import (
    AlterColumn,
    Backfill,
    Column,
    ColumnType,
    CopyOf,
    Default,
    Fixed,
    UnsupportedChange,
)
from zmigration_api.values import parse
from zmigration_sql import joined, literal

from .codec import SQLiteCodec
from .functions import CONVERT, DIGITS, NOW, details_of
from .names import QUOTING
from .tokens import significant, tokenize
from .types import affinity

_CODEC = SQLiteCodec()
_TEXT = ColumnType(kind="text")
WORDS = frozenset({"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "TRUE", "FALSE", "NULL"})
"""Words that a DEFAULT may be; any other is a text."""
_FREE = ("native", "decimal", "str", "text", "json")
_CURRENT = {"date": "CURRENT_DATE", "time": "CURRENT_TIME"}


def stored_literal(text: str, column: Column) -> str:
    """The value that `text` writes, as SQL; UnsupportedChange if it is none of the type."""
    try:
        value = _CODEC.to_store(parse(text, column.type), column)
    except ValueError as error:
        raise UnsupportedChange(
            f"column {column.name}: the value {text!r} {error}",
            hint=f"give a value of type {column.type} in the schema",
        ) from None
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    return literal(value) if isinstance(value, str) else repr(value)


def default_text(column: Column) -> str | None:
    """What stands after DEFAULT; None if the store is told of none."""
    default = column.default
    match default:
        case None | Default(kind="app"):
            return None
        case Default(kind="now"):
            return _CURRENT.get(column.type.kind, "CURRENT_TIMESTAMP")
        case Default(kind="value", text=text) if column.type.kind == "bool":
            # SQLite stores 1 or 0 and remembers which word it was, whatever the column's type.
            return "TRUE" if stored_literal(text, column) == "1" else "FALSE"
        case Default(kind="value", text=text):
            return stored_literal(text, column)
        case Default(text=text):
            return parenthesised(text) if column.exact_type is None else written_default(text)


def written_default(text: str) -> str:
    """A default as `PRAGMA table_xinfo` gives it, as DEFAULT takes it."""
    words = significant(tokenize(text))
    signed = len(words) == 2 and words[0].text in ("+", "-") and words[1].kind == "number"
    return text if signed or len(words) == 1 else parenthesised(text)


def parenthesised(text: str) -> str:
    """The expression in parentheses; a comment at its end does not swallow the closing one."""
    tokens = tokenize(text)
    return f"({text}\n)" if tokens and tokens[-1].text.startswith("--") else f"({text})"


def default_value(text: str) -> str:
    """A default as an expression: a bare word, or a name in quotes, is a text."""
    words = significant(tokenize(text))
    if len(words) == 1 and words[0].kind in ("word", "quoted") and words[0].keyword not in WORDS:
        return literal(words[0].name)
    return written_default(text)


def is_constant(default: Default | None) -> bool:
    """Whether every row gets the same value, so that SQLite can add the column in place."""
    if default is None or default.kind in ("value", "app"):
        return True
    words = significant(tokenize(default.text))
    moment = len(words) == 1 and words[0].keyword.startswith("CURRENT_")
    return (
        default.kind != "now" and not moment and not written_default(default.text).startswith("(")
    )


def fill(column: Column, others: Mapping[str, Column]) -> str | None:
    """What rows that are there get in the column: its backfill, else its default, else None.

    `others` are the table's columns as they are now, for what a backfill copies.
    """
    if column.backfill is not None:
        return _backfill(column, column.backfill, others)
    if column.default is not None and column.default.kind == "now":
        return f"{NOW}('{column.type.kind}')"
    if column.exact_type is not None and column.default is not None and column.default.stored:
        return default_value(column.default.text)
    return default_text(column)


def convert(expression: str, old: ColumnType, new: ColumnType, details: str = "{}") -> str:
    """The call that carries a value over to another type."""
    arguments = [expression, literal(str(old)), literal(str(new))]
    return (
        f"{CONVERT}({', '.join(arguments if details == '{}' else [*arguments, literal(details)])})"
    )


def converted(change: AlterColumn, name: str | None = None) -> str | None:
    """What the changed column's values become; None if they stay as they are.

    `name` is the column as SQL, where it is not its plain name. What SQLite would make another
    number fails.
    """
    value = carried(change, name)
    said = change.new.using is not None and change.new.using.expression
    if said or not (change.retyped and makes_numbers(change.new)):
        return value
    declared = literal(change.new.exact_type or "")
    return f"{DIGITS}({value or name or QUOTING.name(change.new.name)}, {declared})"


def carried(change: AlterColumn, name: str | None = None) -> str | None:
    """The same before SQLite puts it into the column."""
    name = name or QUOTING.name(change.new.name)
    using = change.new.using
    if using and using.expression:
        return f"({using.expression})"
    mapped = using is not None and bool(using.values)
    if change.new.exact_type is not None and not mapped and _only_declared(change):
        return None
    if not (mapped or change.narrowed) and _same_values(change.old.type, change.new.type):
        return None
    details = details_of(change.new, enum=True)
    return convert(name, change.old.type, change.new.type, details)


def makes_numbers(column: Column) -> bool:
    """Whether SQLite makes numbers of what is put in, and no conversion of ours has done so."""
    if column.exact_type is None or column.generated is not None:
        return False
    return column.type.kind in _FREE and affinity(column.exact_type) not in ("TEXT", "BLOB")


def _only_declared(change: AlterColumn) -> bool:
    """Whether no more is known of a type than its name: SQLite itself puts values into it."""
    kinds = {change.old.type.kind, change.new.type.kind}
    return "native" in kinds and not change.narrowed


def _same_values(old: ColumnType, new: ColumnType) -> bool:
    """Whether every value of `old` is one of `new`, stored alike."""
    if old.textual and new.textual:
        return new.length is None or (old.length is not None and old.length <= new.length)
    if (old.kind, new.kind) == ("int", "bigint"):
        return True
    if old.kind != "decimal" or new.precision is None:
        return old.kind == new.kind
    if new.kind != "decimal" or old.precision is None:
        return False
    old_scale, new_scale = old.scale or 0, new.scale or 0
    return old_scale <= new_scale and old.precision - old_scale <= new.precision - new_scale


def _backfill(column: Column, backfill: Backfill, others: Mapping[str, Column]) -> str:
    if len(backfill.parts) == 1:
        return _single(column, backfill.parts[0], others)
    text = joined([part for part in (_as_text(one, others) for one in backfill.parts) if part])
    return text if column.type == _TEXT else convert(f"({text})", _TEXT, column.type)


def _single(column: Column, part: Fixed | CopyOf, others: Mapping[str, Column]) -> str:
    if isinstance(part, Fixed):
        return "NULL" if part.text is None else stored_literal(part.text, column)
    source = _source(part, others)
    name = QUOTING.name(source.name)
    if _same_values(source.type, column.type):
        return name
    return convert(name, source.type, column.type)


def _as_text(part: Fixed | CopyOf, others: Mapping[str, Column]) -> tuple[str, bool] | None:
    """The part as SQL, and whether it may be null; None for a null itself."""
    if isinstance(part, Fixed):
        return None if part.text is None else (literal(part.text), False)
    source = _source(part, others)
    name = QUOTING.name(source.name)
    return (name if source.type.textual else convert(name, source.type, _TEXT)), True


def _source(part: CopyOf, others: Mapping[str, Column]) -> Column:
    source = others.get(part.column)
    if source is None:
        raise UnsupportedChange(
            f"a backfill copies the column {part.column}, which is not there",
            hint=f"the table has {', '.join(others)}",
        )
    return source
