"""Domains by their definition texts, as the database writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .tokens import lasting, tokens

_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}
_STARTS = ("COLLATE", "DEFAULT", "NOT", "CONSTRAINT", "CHECK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The parts of a definition: `base` is the type with its collation."""

    type: str
    collation: str | None = None
    default: str | None = None
    required: bool = False
    checks: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> tuple[str, str | None]:
        return self.type, self.collation

    @classmethod
    def read(cls, definition: str) -> Domain:
        """`text COLLATE "C" DEFAULT 'x'::text NOT NULL CONSTRAINT short CHECK (...)`."""
        clauses = list(_clauses(definition))
        collation = default = None
        required, name, last = False, "", ""
        checks: dict[str, str] = {}
        for word, text in clauses[1:]:
            match word:
                case "COLLATE":
                    collation = text
                case "DEFAULT":
                    default = text
                case "NOT" if text == "VALID":
                    checks[last] += " NOT VALID"
                case "NOT":
                    required = True
                case "CONSTRAINT":
                    name = text
                case _:
                    checks[name] = f"CHECK {text}"
                    name, last = "", name
        return cls(
            type=clauses[0][1],
            collation=collation,
            default=default,
            required=required,
            checks=checks,
        )

    def becomes(self, name: str, other: Domain) -> list[str]:
        """The statements that make this domain the other one, which has the same base."""
        alter = f"ALTER DOMAIN {name}"
        statements = [
            f"{alter} DROP CONSTRAINT {check};"
            for check, text in self.checks.items()
            if other.checks.get(check) != text
        ]
        if self.default != other.default:
            text = "DROP DEFAULT" if other.default is None else f"SET DEFAULT {other.default}"
            statements.append(f"{alter} {text};")
        if self.required != other.required:
            statements.append(f"{alter} {'SET' if other.required else 'DROP'} NOT NULL;")
        statements += [
            f"{alter} ADD {f'CONSTRAINT {check} ' if check else ''}{lasting(text)};"
            for check, text in other.checks.items()
            if self.checks.get(check) != text
        ]
        return statements

    def made_anew(self, before: Domain) -> list[str]:
        """The checks that come, or come again, where the domain was the other one."""
        return [name for name, text in self.checks.items() if before.checks.get(name) != text]

    def tightens(self, before: Domain) -> bool:
        """Whether rows have to be checked to get here."""
        return bool(self.made_anew(before)) or (self.required and not before.required)


def _clauses(definition: str) -> Iterator[tuple[str, str]]:
    """Each clause by its first word; the first one is the type."""
    word, text, depth = "", "", 0
    for token in tokens(definition):
        if depth == 0 and token in _STARTS:
            yield word, text.strip()
            word, text = token, ""
        else:
            text += token
        depth += _DEPTH.get(token, 0)
    yield word, text.strip()
