"""From a graph to PyTorch: checking shapes and costs before a byte is allocated, and building the modules."""

from builder.compiler.check import check, problems_at
from builder.compiler.compiled import Compiled, End
from builder.compiler.fixes import Offers, repair_all
from builder.compiler.fixes import apply as apply_fix
from builder.compiler.inference import warm_up
from builder.compiler.report import CompileError, Fix, NodeReport, Problem, Report

__all__ = [
    "CompileError",
    "Compiled",
    "End",
    "Fix",
    "NodeReport",
    "Offers",
    "Problem",
    "Report",
    "apply_fix",
    "check",
    "problems_at",
    "repair_all",
    "warm_up",
]
