"""Changes in words: for the preview, the report and the history."""

from __future__ import annotations

from .changes import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    AlterTable,
    AlterType,
    Change,
    CreateTable,
    CreateType,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    DropType,
    RenameColumn,
    RenamePart,
    RenameTable,
    RenameType,
    SetComment,
)
from .model import (
    Check,
    Column,
    Constraint,
    Default,
    Exclusion,
    ForeignKey,
    Identity,
    Index,
    NamedType,
    PrimaryKey,
    UniqueConstraint,
)
from .renames import is_aside, without_aside


def symbol(change: Change) -> str:
    """`+` for what comes, `-` for what goes, `~` for what changes."""
    match change:
        case CreateTable() | AddColumn() | AddIndex() | AddConstraint() | CreateType():
            return "+"
        case DropTable() | DropColumn() | DropIndex() | DropConstraint() | DropType():
            return "-"
        case _:
            return "~"


def kind(change: Change) -> str:
    """The kind of change as reports name it: `add_column`."""
    name = type(change).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def column_of(change: Change) -> str | None:
    """The column that a change is about, as it is called afterwards; None if it is not one."""
    match change:
        case AddColumn(_, column) | DropColumn(_, column) | AlterColumn(_, _, column):
            return column.name
        case RenameColumn(_, _, new):
            return new
        case SetComment(_, "column", name):
            return name
        case _:
            return None


def summary(change: Change, *, qualified: bool = False, done: bool = True) -> str:
    """What changed (`Added column: email`), or will (`Add column: email`).

    `qualified` writes `posts.email` for columns, to tell the tables of one schema apart.
    """
    verb, noun, what = _words(change, f"{change.table}." if qualified else "")
    return f"{verb}{_PAST[verb] if done else ''} {noun}: {without_aside(what)}"


def detail(change: Change) -> str:
    """What else there is to know, for the brackets after `summary`; may be empty."""
    return without_aside(_detail(change))


def _detail(change: Change) -> str:
    match change:
        case AddColumn(_, column):
            return column_facts(column)
        case AlterColumn(_, old, new):
            return ", ".join(_alterations(old, new))
        case AddConstraint(_, constraint) | DropConstraint(_, constraint):
            return constraint_text(constraint)
        case CreateTable(table):
            return f"{len(table.columns)} column{'' if len(table.columns) == 1 else 's'}"
        case AddIndex(_, index) | DropIndex(_, index):
            return index_text(index)
        case CreateType(named) | DropType(named):
            return type_text(named)
        case AlterType(old, new):
            return f"{type_text(old)} → {type_text(new)}"
        case AlterTable(_, before, after):
            return f"{', '.join(before) or 'none'} → {', '.join(after) or 'none'}"
        case SetComment(new=text):
            return "none" if text is None else text
        case _:
            return ""


def column_facts(column: Column) -> str:
    """`type: str, required: false` and whatever else the column says."""
    facts = [f"type: {column.type}", f"required: {str(column.required).lower()}"]
    if column.default is not None:
        facts.append(f"default: {default_text(column.default)}")
    if column.identity is not None:
        facts.append(f"identity: {_identity(column.identity)}")
    return ", ".join(facts)


def default_text(default: Default | None) -> str:
    """A default as a schema file writes it."""
    if default is None:
        return "null"
    return "now" if default.kind == "now" else default.text


def constraint_text(constraint: Constraint) -> str:
    """A constraint in words."""
    match constraint:
        case PrimaryKey(columns=columns):
            return f"primary key on {', '.join(columns)}"
        case UniqueConstraint(columns=columns):
            return f"unique: {', '.join(columns)}"
        case ForeignKey(columns=columns, ref_table=table, ref_columns=()):
            return f"{', '.join(columns)} → {table}"
        case ForeignKey(columns=columns, ref_table=table, ref_columns=refs):
            return f"{', '.join(columns)} → {table}.{', '.join(refs)}"
        case Check(expression=expression):
            return expression
        case Exclusion(definition=definition):
            return definition


def index_text(index: Index) -> str:
    """What an index is over, and what else it says."""
    facts = [*(index.keys or index.columns), *(["unique"] if index.unique else [])]
    facts += [f"using {index.method}"] if index.method else []
    facts += [f"including {', '.join(index.include)}"] if index.include else []
    return ", ".join(facts)


def type_text(named: NamedType) -> str:
    """What a named type is."""
    return f"enum: {'|'.join(named.values)}" if named.kind == "enum" else named.definition


_PAST = {
    "Add": "ed",
    "Create": "d",
    "Drop": "ped",
    "Rename": "d",
    "Change": "d",
    "Set aside": "",
    "Put back": "",
}


def _words(change: Change, prefix: str) -> tuple[str, str, str]:
    match change:
        case CreateTable(table):
            return "Create", "table", table.name
        case DropTable(table):
            return "Drop", "table", table.name
        case RenameTable(old, new) if is_aside(new):
            return "Set aside", "table", old
        case RenameTable(old, new) if is_aside(old):
            return "Put back", "table", new
        case RenameTable(old, new):
            return "Rename", "table", f"{old} → {new}"
        case AddColumn(_, column):
            return "Add", "column", f"{prefix}{column.name}"
        case DropColumn(_, column):
            return "Drop", "column", f"{prefix}{column.name}"
        case RenameColumn(_, old, new) if is_aside(new):
            return "Set aside", "column", f"{prefix}{old}"
        case RenameColumn(_, old, new) if is_aside(old):
            return "Put back", "column", f"{prefix}{new}"
        case RenameColumn(_, old, new):
            return "Rename", "column", f"{prefix}{old} → {new}"
        case AlterColumn(_, _, column):
            return "Change", "column", f"{prefix}{column.name}"
        case AddIndex(_, index):
            return "Add", "index", index.name
        case DropIndex(_, index):
            return "Drop", "index", index.name
        case AddConstraint(_, constraint):
            return "Add", *_constraint_words(constraint, prefix)
        case DropConstraint(_, constraint):
            return "Drop", *_constraint_words(constraint, prefix)
        case RenamePart(_, part, old, new):
            return "Rename", part, f"{old} → {new}"
        case AlterTable(table, index=index):
            return "Change", *(("table", table) if index is None else ("index", index))
        case SetComment(table, _, name):
            return "Change", "comment", f"{prefix}{name}" if name else table
        case CreateType(named):
            return "Create", "type", named.name
        case DropType(named):
            return "Drop", "type", named.name
        case AlterType(_, named):
            return "Change", "type", named.name
        case RenameType(old, new):
            return "Rename", "type", f"{old} → {new}"


def _constraint_words(constraint: Constraint, prefix: str) -> tuple[str, str]:
    match constraint:
        case PrimaryKey(columns=columns):
            return "primary key", f"{prefix}{', '.join(columns)}"
        case UniqueConstraint(name=name):
            return "unique constraint", name
        case ForeignKey(name=name):
            return "foreign key", name
        case Check(name=name):
            return "check", name
        case Exclusion(name=name):
            return "exclusion constraint", name


def _alterations(old: Column, new: Column) -> list[str]:
    pairs = [
        ("type", old.exact_type or str(old.type), new.exact_type or str(new.type)),
        ("required", str(old.required).lower(), str(new.required).lower()),
        ("default", default_text(old.default), default_text(new.default)),
        ("enum", "|".join(old.enum) or "none", "|".join(new.enum) or "none"),
        ("auto_increment", str(old.auto_increment).lower(), str(new.auto_increment).lower()),
        ("generated", old.generated or "no", new.generated or "no"),
        ("virtual", str(old.virtual).lower(), str(new.virtual).lower()),
        ("collation", old.collation or "default", new.collation or "default"),
        ("identity", _identity(old.identity), _identity(new.identity)),
        ("attributes", ", ".join(old.attributes) or "none", ", ".join(new.attributes) or "none"),
    ]
    return [f"{name}: {before} → {after}" for name, before, after in pairs if before != after]


def _identity(identity: Identity | None) -> str:
    return f"{identity.kind} {identity.options}".rstrip() if identity else "none"
