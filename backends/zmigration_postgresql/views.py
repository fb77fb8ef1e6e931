"""Views in the way of a column's new type: dropped and made again, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zmigration_api import UnsupportedChange
from zmigration_sql import literal

from .names import QUOTING
from .pieces import Piece
from .planning import Planning
from .tokens import lasting

_OVER = """
WITH RECURSIVE over AS (
  SELECT r.ev_class AS oid, 1 AS depth
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
       AND d.refobjsubid = a.attnum AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> c.oid
  WHERE a.attname = %s AND c.relname = %s AND c.relnamespace = {schema}
  UNION
  SELECT r.ev_class, o.depth + 1
  FROM over o JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid
       AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> o.oid
)
SELECT o.oid, max(o.depth) FROM over o GROUP BY o.oid ORDER BY 2, 1"""
_VIEWS = """
SELECT c.oid, c.relkind::text, n.nspname, c.relname, pg_get_viewdef(c.oid),
       array_to_string(c.reloptions, ', '), obj_description(c.oid, 'pg_class'),
       CASE WHEN c.relowner::regrole <> current_user::regrole
            THEN pg_get_userbyid(c.relowner) END,
       c.relispopulated,
       ARRAY(SELECT concat_ws(E'\\n', a.privilege_type || CASE WHEN a.is_grantable
                              THEN ' with grant' ELSE '' END,
                              CASE WHEN a.grantee = 0 THEN 'PUBLIC'
                                   ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
             FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner),
       ARRAY(SELECT concat_ws(E'\\n', a.attname, col_description(c.oid, a.attnum))
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
             AND col_description(c.oid, a.attnum) IS NOT NULL ORDER BY a.attnum),
       ARRAY(SELECT pg_get_indexdef(i.indexrelid) || coalesce(E';\\n' || format(
               'COMMENT ON INDEX %I.%I IS %L', n.nspname, x.relname,
               obj_description(x.oid, 'pg_class')), '')
             FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
             WHERE i.indrelid = c.oid ORDER BY x.relname),
       array_remove(ARRAY[
  CASE WHEN c.relkind NOT IN ('v', 'm') THEN 'a rule' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
       AND a.attacl IS NOT NULL) THEN 'grants on columns' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_attrdef e WHERE e.adrelid = c.oid) THEN 'defaults' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid) THEN 'triggers' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid
       AND r.rulename <> '_RETURN') THEN 'rules' END,
  CASE WHEN c.reltablespace <> 0 THEN 'a tablespace' END,
  CASE WHEN c.relpersistence = 't' THEN 'its session' END,
  CASE WHEN c.relkind = 'm' AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid
       AND i.indisclustered) THEN 'its clustering' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)
       THEN 'statistics' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_default_acl a WHERE a.defaclobjtype = 'r')
       THEN 'default privileges' END,
  CASE WHEN EXISTS (SELECT 1 FROM pg_depend d JOIN pg_proc f ON d.classid = 'pg_proc'::regclass
       AND f.oid = d.objid WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
       OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = c.reltype))
       THEN 'functions that use it' END], NULL)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY(%s)"""
_DISTANT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view or materialized view with all that can be made again; `lost` is what cannot."""

    kind: str
    name: str
    definition: str
    options: str | None
    comment: str | None
    owner: str | None
    populated: bool
    grants: tuple[str, ...]
    comments: tuple[str, ...]
    indexes: tuple[str, ...]
    lost: tuple[str, ...]

    def made(self) -> Iterator[str]:
        """The statements that make it."""
        options = f" WITH ({self.options})" if self.options else ""
        definition = lasting(self.definition.strip().removesuffix(";"))
        data = ""
        if self.kind == "MATERIALIZED VIEW":
            data = " WITH DATA" if self.populated else " WITH NO DATA"
        yield f"CREATE {self.kind} {self.name}{options} AS {definition}{data};"
        for index in self.indexes:
            yield from (f"{text};" for text in index.split(";\n"))
        if self.comment is not None:
            yield f"COMMENT ON {self.kind} {self.name} IS {literal(self.comment)};"
        for comment in self.comments:
            column, _, text = comment.partition("\n")
            target = f"{self.name}.{QUOTING.name(column)}"
            yield f"COMMENT ON COLUMN {target} IS {literal(text)};"
        for grant in self.grants:
            what, _, who = grant.partition("\n")
            privilege, _, grantable = what.partition(" with grant")
            option = " WITH GRANT OPTION" if what.endswith(" with grant") else ""
            del grantable
            yield f"GRANT {privilege} ON {self.name} TO {who}{option};"
        if self.owner is not None:
            yield f"ALTER {self.kind} {self.name} OWNER TO {QUOTING.name(self.owner)};"


class ViewPieces:
    """The views over a column, each with those over it."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning

    def over(self, table: str, column: str) -> Iterator[Piece]:
        """UnsupportedChange names one that cannot be made again whole."""
        for oid, depth in self._planning.facts.views_over(_OVER, table, column):
            row = self._planning.facts.rows(_VIEWS, ([oid],))[0]
            view = _view(row)
            self._refuse(table, column, view)
            yield Piece(
                key=("view", view.name),
                rank=_DISTANT + int(depth),
                drop=(f"DROP {view.kind} {view.name};",),
                make=tuple(view.made()),
            )

    def _refuse(self, table: str, column: str, view: View) -> None:
        lost = list(view.lost)
        if self._planning.renames.any:
            lost.append("what the same plan renames")
        if lost:
            raise UnsupportedChange(
                f"the type of {table}.{column} cannot change: {view.kind.lower()} {view.name}"
                f" depends on it, and cannot be made again with {', '.join(lost)}",
                hint="drop what depends on it, migrate, and create it again",
            )


def _view(row: tuple) -> View:  # type: ignore[type-arg]
    _, kind, schema, name, definition, options, comment, owner, populated, *rest = row
    grants, comments, indexes, lost = rest
    named = {"m": "MATERIALIZED VIEW", "v": "VIEW"}.get(kind, "RULE ON")
    return View(
        kind=named,
        name=f"{QUOTING.name(schema)}.{QUOTING.name(name)}",
        definition=definition or "",
        options=options,
        comment=comment,
        owner=owner,
        populated=populated,
        grants=tuple(grants),
        comments=tuple(comments),
        indexes=tuple(indexes),
        lost=tuple(lost),
    )
