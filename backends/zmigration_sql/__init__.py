"""What SQL backends share: names, statements, questions to the data, and rows in and out."""

from .executor import Codec, Executor
from .names import Quoting, joined, literal, quoted
from .statements import Statements

__all__ = ["Codec", "Executor", "Quoting", "Statements", "joined", "literal", "quoted"]
