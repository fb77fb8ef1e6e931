"""Conversions as SQL that agree, value by value, with `zmigration_api.conversion`.

A cast of PostgreSQL's own often takes more (`'0x1F'` is a number), rounds, or cuts; so each
conversion here tests what it takes, and what it does not take is given to a cast that fails with
the value in its message.
"""

from __future__ import annotations

from dataclasses import replace

from zmigration_api import Column, ColumnType, TypeKind, UnsupportedChange, convertible
from zmigration_api.values import FALSE_WORDS, TRUE_WORDS, format_value, parse
from zmigration_sql import literal

from .native_casts import TWICE, keys_kept
from .types import measured, native_of, native_type, same_native

# What str.strip() of Python takes away.
_SPACES = (
    "E' \\t\\n\\x0b\\f\\r\\x1c\\x1d\\x1e\\x1f\\u0085\\u00a0\\u1680\\u2000\\u2001\\u2002\\u2003"
    "\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'"
)
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
# Numbers that a float surely keeps.
_FEW_DIGITS = r"[+-]?(?=[0-9.]{1,15}[ \t\n\r\f\v]*$)([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_HEX = "[0-9a-fA-F]"
_GRAMMAR: dict[TypeKind, str] = {
    "int": r"[+-]?[0-9]+(\.0+)?",
    "bigint": r"[+-]?[0-9]+(\.0+)?",
    "float": _NUMBER,
    "decimal": _NUMBER,
    "date": _DAY + r"([ T]00:00(:00(\.0{1,6})?)?)?",
    "time": _CLOCK,
    "datetime": f"{_DAY}([ T]{_CLOCK})?",
    "uuid": f"{_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}",
}
# Of the texts above, those that the bare cast reads the same; spaces around them are allowed.
_BARE: dict[TypeKind, str] = {
    "int": "[+-]?[0-9]+",
    "bigint": "[+-]?[0-9]+",
    "float": _FEW_DIGITS,
    "bool": "|".join(sorted(TRUE_WORDS | FALSE_WORDS)),
    "date": _DAY,
    "time": _CLOCK,
    "datetime": f"{_DAY}([ T]{_CLOCK})?",
    "json": ".*",
    "uuid": _GRAMMAR["uuid"],
}
_SERVER: dict[TypeKind, str] = {
    "int": "integer",
    "bigint": "bigint",
    "float": "double precision",
    "decimal": "numeric",
    "str": "text",
    "text": "text",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "json": "jsonb",
    "blob": "bytea",
    "uuid": "uuid",
}


def bare_pattern(old: Column, new: Column, native: str) -> str | None:
    """The regular expression that every text must match for a bare cast to agree.

    None where the cast never does, or where the old column is no text.
    """
    base = measured(native_of(old))[0]
    textual = old.type.textual and base in ("text", "character varying")
    own = same_native(native, native_type(new, None))
    pattern = _BARE.get(new.type.kind) if textual and own else None
    return None if pattern is None else rf"^[ \t\n\r\f\v]*({pattern})[ \t\n\r\f\v]*$"


def column_to(name: str, old: Column, new: Column, native: str) -> str:
    """The SQL of a changed column's new value: `using` first, else the shared conversion.

    `name` is the quoted old column, `native` the new column's type text.
    UnsupportedChange for a native type that needs a `using` expression.
    """
    if new.using and new.using.expression:
        return new.using.expression
    value = typed(name, old)
    if measured(native_of(old))[0] == "json" and not (new.using and new.using.values):
        if new.type.textual:
            value, old = f"{name}::text", replace(old, type=_TEXT)
        elif measured(native)[0] == "jsonb":
            return _as_jsonb(name)
    wide = old.type.kind == "int" and measured(native_of(old))[0] == "bigint"
    held = replace(old.type, kind="bigint") if wide else old.type
    converted = stored(convert(value, held, new.type), new.type, native)
    pairs = new.using.values if new.using else ()
    if not pairs:
        return converted
    cases = " ".join(
        f"WHEN {literal(source)} THEN {'NULL' if target is None else constant(target, new, native)}"
        for source, target in pairs
    )
    return f"CASE {convert(value, old.type, _TEXT)} {cases} ELSE {converted} END"


def _as_jsonb(name: str) -> str:
    """A value of `json`, unless a key is there twice."""
    late = f"({literal(f'{TWICE}: ')} || {name}::text)::integer::text::jsonb"
    return f"CASE WHEN {keys_kept(name)} THEN {name}::jsonb ELSE {late} END"


def typed(expression: str, column: Column) -> str:
    """A live column as a value of its kind, whatever native type it lives in."""
    base, _ = measured(native_of(column))
    kind = column.type.kind
    if base in ("text", "character varying") and kind not in ("str", "text", "native"):
        return _from_text(expression, column.type)
    if kind == "bool" and base != "boolean":
        return f"{expression}::text::boolean"
    if kind == "float" and base == "real":
        return f"{expression}::text::double precision"
    if base == "json":
        return f"{expression}::jsonb"
    if base == "timestamp with time zone":
        return f"({expression} AT TIME ZONE 'UTC')"
    return f"{expression}::text" if base == "character" else expression


def stored(expression: str, column_type: ColumnType, native: str) -> str:
    """A value of a kind as its native type takes it; never a cast that cuts or rounds."""
    base, _ = measured(native)
    if base == "integer" and column_type.kind == "bool":
        return f"{expression}::integer"
    if base in ("text", "character varying") and not column_type.textual:
        return convert(expression, column_type, _TEXT)
    return _real(expression) if base == "real" and column_type.kind == "float" else expression


def _real(expression: str) -> str:
    """A float of half the digits, unless they are too few for the value."""
    held = f"{expression}::real::text = {expression}::text"
    exact = f"{expression}::real::double precision = {expression}"
    late = f"('has more digits than real keeps: ' || {expression})::double precision"
    return f"CASE WHEN {held} OR {exact} THEN {expression} ELSE {late} END"


def constant(text: str, column: Column, native: str) -> str:
    """A value, given as text of the column's type, as SQL. UnsupportedChange if it is none."""
    try:
        value = parse(text, column.type)
    except ValueError as error:
        raise UnsupportedChange(
            f"{text!r} {error}, but {column.name} is of type {column.type}",
            hint=f"correct the default, backfill or using of {column.name}",
            line=column.line,
        ) from None
    return _constant(format_value(value, column.type), column.type, measured(native)[0])


def _constant(text: str, column_type: ColumnType, base: str) -> str:
    match column_type.kind:
        case "int" | "bigint":
            return text
        case "bool" if base == "integer":
            return str(int(text == "true"))
        case "bool":
            return text.upper()
        case "blob":
            return rf"'\x{text.encode('utf-8', 'surrogateescape').hex()}'"
        case "float" | "decimal" if base not in ("text", "character varying"):
            return text
        case _:
            return literal(text)


_TEXT = ColumnType(kind="text")


def convert(expression: str, old: ColumnType, new: ColumnType) -> str:
    """A value of one kind as a value of another; where there is no way, all but null fails."""
    if not convertible(old, new):
        return _refused(f"{expression}::text", new)
    if old.kind == new.kind and new.kind != "decimal":
        return expression
    if old.textual:
        return expression if new.textual else _from_text(expression, new)
    if new.textual:
        return _to_text(expression, old.kind)
    return _across(expression, old.kind, new)


def _to_text(expression: str, kind: TypeKind) -> str:
    return f"convert_from({expression}, 'UTF8')" if kind == "blob" else f"{expression}::text"


def _from_text(expression: str, new: ColumnType) -> str:
    """A text, read as `values.parse` reads it."""
    kind = new.kind
    if kind == "json":
        return f"{expression}::jsonb"
    if kind == "blob":
        return f"convert_to({expression}, 'UTF8')"
    stripped = f"btrim({expression}, {_SPACES})"
    if kind == "bool":
        return _boolean(expression, stripped, new)
    grammar = f"{stripped} ~ '^({_GRAMMAR[kind]})$'"
    read = _read(stripped, kind)
    if kind == "float":
        read = _floating(read, f"{stripped}::numeric", expression)
    return f"CASE WHEN {grammar} THEN {_fit(read, new)} ELSE {_refused(expression, new)} END"


def _read(stripped: str, kind: TypeKind) -> str:
    if kind in ("int", "bigint"):
        return f"split_part({stripped}, '.', 1)::{_SERVER[kind]}"
    if kind == "date":
        return f"left({stripped}, 10)::date"
    return f"{stripped}::{_SERVER[kind]}"


def _boolean(expression: str, stripped: str, new: ColumnType) -> str:
    word = rf"regexp_replace(lower({stripped}), '^([+-]?[0-9]+)\.0+$', '\1')"
    yes = ", ".join(map(literal, sorted(TRUE_WORDS)))
    no = ", ".join(map(literal, sorted(FALSE_WORDS)))
    return (
        f"CASE WHEN {word} IN ({yes}) THEN true WHEN {word} IN ({no}) THEN false"
        f" ELSE {_refused(expression, new)} END"
    )


def _across(expression: str, old: TypeKind, new: ColumnType) -> str:
    text = f"{expression}::text"
    match new.kind:
        case "int" | "bigint" if old in ("float", "decimal"):
            whole = f"{expression}::{_SERVER[new.kind]}"
            rest = f"{text}::{_SERVER[new.kind]}"
            return f"CASE WHEN {expression} = trunc({expression}) THEN {whole} ELSE {rest} END"
        case "decimal" if old in ("float", "decimal"):
            return _fit(f"{text}::numeric" if old == "float" else expression, new)
        case "bool":
            return f"{text}::boolean"
        case "bigint" if old == "bool":
            return f"{expression}::integer::bigint"
        case "float" if old in ("bigint", "decimal"):
            number = expression if old == "decimal" else None
            return _floating(f"{expression}::double precision", number, expression)
        case "date":
            day = f"date_trunc('day', {expression})"
            late = f"({text} || ' has a time of day')::date"
            return f"CASE WHEN {expression} = {day} THEN {expression}::date ELSE {late} END"
        case kind:
            return f"{expression}::{_SERVER[kind]}"


def _floating(near: str, number: str | None, shown: str) -> str:
    """A float, unless it is, as it is written, another number (None: a bigint) than the value."""
    same = f"{near}::bigint = {shown}" if number is None else f"{near}::text::numeric = {number}"
    late = f"('has more digits than float keeps: ' || {shown})::double precision"
    return f"CASE WHEN {near} = 0 OR {same} THEN {near} ELSE {late} END"


def _fit(expression: str, new: ColumnType) -> str:
    """A numeric unless it has more decimal places than the new type: a cast would round."""
    if new.kind != "decimal" or new.precision is None:
        return expression
    rounded = f"round({expression}, {new.scale or 0})"
    late = f"('more than {new.scale or 0} decimal places: ' || {expression})::numeric"
    return f"CASE WHEN {expression} = {rounded} THEN {expression} ELSE {late} END"


def _refused(expression: str, new: ColumnType) -> str:
    """A cast that fails and shows the value; null stays null."""
    if new.kind == "native":
        raise UnsupportedChange(
            f"there is no known way to {new}", hint="give `using: {expression: ...}` in the schema"
        )
    # The backslash makes it no bytea either.
    start = r"\x not convertible: " if new.kind == "blob" else "not convertible: "
    return f"({literal(start)} || {expression})::{_SERVER[new.kind]}"
