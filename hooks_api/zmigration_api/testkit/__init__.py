"""What every backend must do, as tests: subclass `BackendConformance` with one fixture.

    class TestMine(BackendConformance):
        @pytest.fixture
        def place(self, tmp_path):
            target = Target(data_type="mine", folder=tmp_path / "data", workspace=tmp_path)
            return Place(MineBackend(), target)

`place` must be empty for each test. What the backend's `supports`, `keeps` and `keeps_archives`
leave out is not asked; the end of the pytest run says what was proved and what is lacking.
"""

import pytest

# Before they are imported: their asserts are to say what was compared.
pytest.register_assert_rewrite(
    *(f"{__name__}.{name}" for name in ("lab", "structure", "constraints", "conversions")),
    *(f"{__name__}.{name}" for name in ("questions", "units", "way_back", "rows", "names")),
)

from .constraints import ConstraintConformance  # noqa: E402
from .conversions import ConversionConformance  # noqa: E402
from .lab import Lab, Place  # noqa: E402
from .names import NameConformance  # noqa: E402
from .questions import QuestionConformance  # noqa: E402
from .rows import RowConformance  # noqa: E402
from .structure import StructureConformance  # noqa: E402
from .units import UnitConformance  # noqa: E402
from .way_back import WayBackConformance  # noqa: E402


class BackendConformance(
    StructureConformance,
    ConstraintConformance,
    ConversionConformance,
    QuestionConformance,
    UnitConformance,
    WayBackConformance,
    RowConformance,
    NameConformance,
):
    """Everything; the parts may also be used one by one."""


__all__ = [
    "BackendConformance",
    "ConstraintConformance",
    "ConversionConformance",
    "Lab",
    "NameConformance",
    "Place",
    "QuestionConformance",
    "RowConformance",
    "StructureConformance",
    "UnitConformance",
    "WayBackConformance",
]
