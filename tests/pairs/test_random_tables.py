"""Random tables over the whole vocabulary: migrated from one to the other and back."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.pairs.conftest import MakePlaces
from tests.pairs.corpus import Dialect, Pair
from tests.pairs.postgres_place import PostgresPlace, known_words
from tests.pairs.random_tables import (
    Column,
    Part,
    RandomDatabase,
    RandomTable,
    Template,
    Vocabulary,
    database_pairs,
)
from tests.pairs.random_vocabularies import VOCABULARIES
from tests.pairs.sqlite_place import SqlitePlace
from tests.pairs.trial import try_pair

SOAK = os.environ.get("ZMIGRATION_SOAK") == "1"
EXAMPLES = {"sqlite": 40, "postgresql": 15}
SOAK_EXAMPLES = {"sqlite": 2000, "postgresql": 500}
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def _settings(dialect: Dialect) -> settings:
    examples = (SOAK_EXAMPLES if SOAK else EXAMPLES)[dialect]
    phases = set(Phase) - {Phase.explain}
    return settings(
        max_examples=examples,
        phases=phases,
        suppress_health_check=UNHURRIED,
        derandomize=not SOAK,  # a soak looks for new ones
    )


def _try(
    dialect: Dialect, two: tuple[RandomDatabase, RandomDatabase], make_places: MakePlaces
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        here, there = make_places(dialect, folder)
        before, after = (one.script for one in two)
        if dialect == "postgresql":
            before, after = (known_words(script, here.url) for script in (before, after))
        note(f"{before}\n-- becomes\n\n{after}")
        pair = Pair(name="random", dialect=dialect, before=before, after=after)
        try_pair(pair, here, there, folder / "app")


@_settings("sqlite")
@given(two=database_pairs(VOCABULARIES["sqlite"]))
def test_random_sqlite_tables(
    make_places: MakePlaces, two: tuple[RandomDatabase, RandomDatabase]
) -> None:
    _try("sqlite", two, make_places)


@_settings("postgresql")
@given(two=database_pairs(VOCABULARIES["postgresql"]))
def test_random_postgresql_tables(
    make_places: MakePlaces, two: tuple[RandomDatabase, RandomDatabase]
) -> None:
    _try("postgresql", two, make_places)


@pytest.mark.parametrize("dialect", VOCABULARIES)
def test_every_word_of_a_vocabulary_is_taken(
    dialect: Dialect, postgres_dsn: str, tmp_path: Path
) -> None:
    """Each kind, form and template by itself, so that none only ever falls away."""
    place = SqlitePlace(tmp_path / "all.db") if dialect == "sqlite" else PostgresPlace(postgres_dsn)
    vocabulary = VOCABULARIES[dialect]
    place.do(";".join([vocabulary.hubs[0], *(texts[0] for texts in vocabulary.types.values())]))
    words = (lambda text: known_words(text, postgres_dsn)) if dialect == "postgresql" else str
    forms = [(kind, form) for kind in vocabulary.kinds for form in kind.forms]
    for number, (kind, form) in enumerate(forms):
        place.do(words(f"CREATE TABLE k{number} (a {kind.type} {form})"))
    for number, template in enumerate(vocabulary.templates):
        place.do(words(";".join(_alone(vocabulary, template, f"t{number}").statements)))


def _alone(vocabulary: Vocabulary, template: Template, name: str) -> RandomTable:
    """A table of nothing but one part and the columns that it needs."""
    columns = tuple(
        Column(f"c{at}", next(kind for kind in vocabulary.kinds if need in kind.traits), "")
        for at, need in enumerate((*template.needs, "any"))
    )
    part = Part(template, f"{name} part", tuple(f"c{at}" for at in range(len(template.needs))))
    return RandomTable(name=name, columns=columns, parts=(part,), option="")
