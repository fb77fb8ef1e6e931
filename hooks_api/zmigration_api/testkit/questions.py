"""What the data answers before anything is touched."""

from __future__ import annotations

import pytest

from zmigration_api.model import Check, Schema
from zmigration_api.questions import (
    MAX_SAMPLES,
    CheckFailures,
    Duplicates,
    Nulls,
    Orphans,
    Question,
    Readable,
)

from .constraints import AUTHORS, BOOKS
from .lab import Conformance, Lab

ROWS: list[dict[str, object]] = [
    {"id": 1, "title": "One", "author_id": 1},
    {"id": 2, "title": "One", "author_id": None},
    {"id": 3, "title": "Two", "author_id": 9},
    {"id": 4, "title": None, "author_id": 2},
    *[dict[str, object](id=n, title=None, author_id=1) for n in range(5, 12)],
]
NO_TWO = Check(name="c", expression="title <> 'Two'")


class QuestionConformance(Conformance):
    """Counts, keys and values of the rows that stand in the way."""

    @pytest.fixture
    def books(self, lab: Lab) -> Schema:
        """Rows of which each breaks something."""
        authors: list[dict[str, object]] = [{"id": 1, "name": "Ada"}, {"id": 2, "name": None}]
        return lab.make(AUTHORS, BOOKS, rows={"authors": authors, "books": ROWS})

    @pytest.mark.parametrize(
        ("question", "keys", "values"),
        [
            (Nulls("books", "title"), range(4, 12), (None,)),
            (Nulls("books", "not_there"), range(1, 12), None),
            (Duplicates("books", ("title",)), (1, 2), ("One",)),
            (Duplicates("books", ("id", "title")), (), None),
            (Orphans("books", ("author_id",), "authors", ("id",)), (3,), (9,)),
            (CheckFailures("books", NO_TWO), (3,), None),
            (Readable("books"), (), None),
            (Nulls("no_such_table", "title"), (), None),
        ],
    )
    def test_question(
        self,
        lab: Lab,
        books: Schema,
        question: Question,
        keys: range | tuple[int, ...],
        values: tuple[object, ...] | None,
    ) -> None:
        lab.proves("questions")
        answer = lab.store.ask(question, books)
        assert answer.count == len(keys)
        assert [s.key for s in answer.samples] == [(key,) for key in keys][:MAX_SAMPLES]
        if values is not None:
            assert answer.samples[0].values == values

    def test_references_to_a_missing_table(self, lab: Lab, books: Schema) -> None:
        lab.proves("questions")
        asked = Orphans("books", ("author_id",), None, ("id",))
        assert lab.store.ask(asked, books).count == 10
