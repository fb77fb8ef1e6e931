"""Every difference of indexes and constraints, with what can be made ahead made ahead."""

import pytest

from tests.postgres_pairs import there_and_back
from tests.unit.test_postgresql_exact_parts import CASES


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_made_and_taken_back(postgres_server: str, name: str) -> None:
    steps = there_and_back(postgres_server, *CASES[name], online="always")
    for step in steps:
        assert step.ahead or not any("CONCURRENTLY" in text for text in step.statements)
