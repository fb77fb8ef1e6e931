"""What a SQLite file says of itself by PRAGMAs and a crude look at texts: none of our code."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

_WORDS = re.compile(
    r"collate\s+\"?\w+|on\s+conflict\s+\w+|autoincrement|deferrable\s+initially\s+deferred"
    r"|match\s+full|not\s+null|constraint\s+(?!uq_|fk_|pk\b)\w+",
    re.IGNORECASE,
)
_NO_DIFFERENCE = re.compile(r"on\s+conflict\s+abort", re.IGNORECASE)


def catalog(path: Path) -> list[str]:
    """Sorted lines on tables, indexes, triggers and views. The order of columns says nothing."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
            " AND tbl_name NOT LIKE '\\_\\_zmigration%' ESCAPE '\\'"
        ).fetchall()
        lines: list[str] = []
        for kind, name, table, sql in found:
            if kind == "table":
                lines += [f"{name}: {line}" for line in _table(connection, name, sql)]
            elif kind == "index":
                lines += _index(connection, name, table, sql)
            else:
                lines.append(f"{kind} {name}: {sql}")
        return sorted(lines)


def _table(connection: sqlite3.Connection, name: str, sql: str) -> list[str]:
    facts = "name, upper(replace(type, ' ', '')), \"notnull\", dflt_value, pk, hidden"
    rows = connection.execute(f"SELECT {facts} FROM pragma_table_xinfo(?)", (name,)).fetchall()
    lines = [f"column {(*row[:3], _bare(row[3]), *row[4:])}" for row in rows]
    indexes = "SELECT name, origin FROM pragma_index_list(?) WHERE origin <> 'c'"
    for index, origin in connection.execute(indexes, (name,)).fetchall():
        lines.append(f"{origin} {_keys(connection, index)}")
    keys: dict[int, list[object]] = {}
    for number, *key in connection.execute(
        'SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?)',
        (name,),
    ):
        key[2] = key[2] or _first_of_key(connection, key[0])
        keys.setdefault(number, []).append(key)
    # The same said twice is said once.
    lines += sorted({f"references {key}" for key in keys.values()})
    options = connection.execute(
        "SELECT wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,)
    ).fetchone()
    return [*lines, f"options {options}", *_said(sql)]


def _first_of_key(connection: sqlite3.Connection, table: str) -> str | None:
    query = "SELECT name FROM pragma_table_xinfo(?) WHERE pk = 1"
    found = connection.execute(query, (table,)).fetchone()
    return found[0] if found else None


def _said(sql: str) -> list[str]:
    sql = _NO_DIFFERENCE.sub("", _plain(sql))
    words = (" ".join(w.lower().replace('"', "").split()) for w in _WORDS.findall(sql))
    inside = {f"{kind} {text}" for kind in ("check", "as") for text in _after(kind, sql)}
    return [*inside, *{f"says {word}" for word in words}]  # twice is no more than once


def _after(word: str, sql: str) -> list[str]:
    """What stands in parentheses after each such word, without spaces."""
    found = []
    for match in re.finditer(rf"\b{word}\s*\(", sql, re.IGNORECASE):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(re.sub(r"\s+", "", sql[match.end() : end - 1]))
    return found


def _index(connection: sqlite3.Connection, name: str, table: str, sql: str) -> list[str]:
    parts = re.split(r"\bwhere\b", _plain(sql), flags=re.IGNORECASE)
    where = [" ".join(part.split()) for part in parts]
    keys = _keys(connection, name)
    unique = "unique" in sql.lower().split("index")[0]
    expressions = re.sub(r"\s+", "", where[0][where[0].index("(") :]) if None in keys else ""
    return [f"index {name} on {table}: {unique} {keys} {expressions} {where[1:]}"]


def _keys(connection: sqlite3.Connection, index: str) -> list[object]:
    query = "SELECT name, desc, lower(coll) FROM pragma_index_xinfo(?) WHERE key"
    return list(connection.execute(query, (index,)))


def _plain(sql: str) -> str:
    """Without comments."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", sql, flags=re.DOTALL)


def _bare(default: str | None) -> str | None:
    """Texts may be written without quotes, and expressions in more parentheses than they need."""
    default = re.sub(r"\s+", "", _plain(default)) if default and default[0] != "'" else default
    while default and re.fullmatch(r"\([^()]*\)", default):
        default = default[1:-1]
    default = default.removeprefix("+") if default else default
    if default and re.fullmatch(r'"\w+"', default):
        return f"'{default[1:-1]}'"
    if default is None or re.fullmatch(r"'.*'|[A-Z_]+|[-+x\d].*", default):
        return default
    return f"'{default}'" if re.fullmatch(r"\w+", default) else default
