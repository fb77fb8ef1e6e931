"""Values that go from one native type to another by the server's own casts.

Such a cast cuts a text, rounds a number or a moment, and drops a zone without a word. Here each
value is taken only if nothing of it is lost; what else there is fails, with the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zmigration_sql import literal

from .types import TEXTS, ddl, sized, widens

_PADDED = ("character", "bpchar")
_BITS = ("bit", "bit varying")
_JSON = ("json", "jsonb")
_MEASURE = re.compile(r"\(\d+(?:, ?-?\d+)?\)")
# What is the same value is found out by `=`; of shapes it compares sizes, of others nothing.
_COMPARED = re.compile(
    r"(smallint|integer|bigint|numeric.*|real|double precision|money|oid|interval.*|date"
    r"|timestamp.*)(\[\])?"
)
_FINEST = 6
_LISTED_TEXTS = ("text[]", "character varying[]", "character[]", "bpchar[]")
_COUNTED = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
REASON = re.compile(r'"((?:is|has) (?:longer|more|not|a time zone|one key) [^:]*): ')
"""What a refusal of ours says, in the error of the cast that fails for it."""
_ZONED = ("timestamp without time zone", "timestamp with time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What the server knows of the way from one type to another.

    `source` and `target` are the types themselves, or what is below a domain. `direct`: there is
    a cast; `back`: and one back. `binary`: both hold values in the same bytes. `checked`: the new
    type is a domain that asks something of its values.
    """

    source: str
    target: str
    direct: bool = False
    back: bool = False
    binary: bool = False
    checked: bool = False

    @property
    def stays(self) -> bool:
        """Whether the server changes the type and no value."""
        same = self.source == self.target or self.binary or self._zoned
        return not self.checked and (same or widens(self.source, self.target))

    @property
    def reindexed(self) -> bool:
        """Whether indexes over values that stay are built anew, since they compare otherwise."""
        bases = {sized(self.source)[0], sized(self.target)[0]}
        return self.stays and len(bases) > 1 and not bases <= TEXTS

    @property
    def _zoned(self) -> bool:
        """A moment gets a zone: in UTC, as every session of ours, nothing is written for that."""
        return (self.source, self.target) == _ZONED

    def carried(self, value: str, native: str) -> str:
        """The SQL of a value in the new type, `native`; it fails where something would be lost."""
        made = f"{value}::{ddl(native)}" if self.direct else f"{value}::text::{ddl(native)}"
        kept = self._kept(value)
        if kept is None:
            return made
        condition, reason = kept
        late = f"({literal(f'{reason}: ')} || {value}::text)::integer::text::{ddl(native)}"
        return f"CASE WHEN {condition} THEN {made} ELSE {late} END"

    def _kept(self, value: str) -> tuple[str, str] | None:
        """When nothing is lost, and what is to be said where something is; None: it never is."""
        (source, _), (target, measures) = sized(self.source), sized(self.target)
        text = f"{value}::text"
        same = self.source == self.target or self.binary or self._zoned
        if same or widens(self.source, self.target):
            return None
        if target in TEXTS and measures:
            return f"char_length({text}) <= {measures[0]}", _longer(measures[0])
        if target == "character" or (target in _PADDED and measures):
            most = measures[0] if measures else 1
            return f"char_length(rtrim({text})) <= {most}", _longer(most)
        if target in ("name", '"char"'):
            most = 63 if target == "name" else 1
            return f"octet_length({text}) <= {most}", f"is longer than {most} bytes"
        if (
            target in _BITS
            and (source in _BITS or source in TEXTS)
            and (measures or target == "bit")
        ):
            compared = "=" if target == "bit" else "<="
            most = measures[0] if measures else 1
            fault = "not just" if target == "bit" else "more than"
            return f"char_length({text}) {compared} {most}", f"has {fault} {most} bits"
        return self._measured(value) or self._returns(value, source, target)

    def _measured(self, value: str) -> tuple[str, str] | None:
        """Where the target rounds: a number, a moment, or an array of such."""
        start = value if self.direct else f"{value}::text"
        target, measures = sized(self.target)
        if target == "numeric" and measures:
            rounded = f"round({start}::numeric, {measures[1]}) = {start}::numeric"
            return rounded, f"has more than {measures[1]} decimal places"
        if target.endswith("[]") and target.startswith("bit"):
            return f"{start}::{self.target}::text = {value}::text", _more(self.target)
        listed = target.endswith("[]")
        loose = _MEASURE.sub("", target, count=1) if listed else target
        if target.startswith("interval"):
            loose = "interval[]" if listed else "interval"
        if loose == "character[]":  # which is of one character; this is of any number
            loose = "bpchar[]"
        rounds = listed or target.startswith(("interval", "time"))
        if not rounds or loose == self.target or (measures and measures[0] >= _FINEST):
            return None
        return f"{start}::{self.target} = {start}::{loose}", _more(self.target)

    def _returns(self, value: str, source: str, target: str) -> tuple[str, str] | None:
        """Where a cast may drop something: the value is what comes back, or it reads the same."""
        there = f"{value}::{self.target}" if self.direct else f"{value}::text::{self.target}"
        alike = f"{there}::text = {value}::text"
        if target == "tsvector":
            return alike, _more(self.target)
        if (source, target) == ("json", "jsonb"):
            return keys_kept(value), TWICE
        if source in (*TEXTS, *_PADDED) or target in (*TEXTS, *_PADDED, *_JSON):
            return None
        if source == "time with time zone" and target == "time without time zone":
            return f"{there}::text || '+00' = {value}::text", "has a time zone other than UTC"
        if self.direct and not self.back:
            return self._one_way(value, alike)
        return self._there_and_back(value, source, there, alike)

    def _one_way(self, value: str, alike: str) -> tuple[str, str] | None:
        """Where there is no cast back."""
        if self.target.endswith("multirange"):
            return None
        return self._money(value) or (alike, _more(self.target))

    def _there_and_back(
        self, value: str, source: str, there: str, alike: str
    ) -> tuple[str, str] | None:
        back = f"{there}::{self.source}"
        if not self.direct:
            if _listed_texts(source) and self.target.endswith("[]"):
                return None
            if money := self._money(value):
                return money
            back = f"{there}::text::{self.source}"
        same = f"{back} = {value}"
        if not self.direct or not _COMPARED.fullmatch(source):
            same = f"{back}::text = {value}::text"
        return f"({alike} OR {same})", _more(self.target)

    def _money(self, value: str) -> tuple[str, str] | None:
        """A number as money: written otherwise, and rounded."""
        brackets = "[]" if self.target.endswith("[]") else ""
        base = sized(self.source.removesuffix("[]"))[0]
        if self.target.removesuffix("[]") != "money" or base not in _COUNTED:
            return None
        start = value if self.direct else f"{value}::text"
        number = f"numeric{brackets}"
        return f"{start}::{self.target}::{number} = {value}::text::{number}", _more(self.target)


TWICE = "has one key twice"
"""What is said of a JSON text whose values are not all kept."""
# What is left of a JSON text without its strings is a colon for each key.
_NO_KEY = literal(r'"([^"\\]|\\.)*"|[^:"]')


def keys_kept(value: str) -> str:
    """Whether a value of `json` has no key twice, of which `jsonb` would keep the last."""
    before, after = (
        f"regexp_replace({v}::text, {_NO_KEY}, '', 'g')" for v in (value, f"{value}::jsonb")
    )
    return f"{before} = {after}"


def _listed_texts(source: str) -> bool:
    return _MEASURE.sub("", source, count=1) in _LISTED_TEXTS


def _longer(most: int) -> str:
    return f"is longer than {most} characters"


def _more(native: str) -> str:
    return f"is more than {native} keeps"
