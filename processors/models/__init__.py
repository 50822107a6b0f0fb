"""The models of the upper storey, one file a family."""

from processors.models.files import FilePiece, KeptFile, StoredFile
from processors.models.measures import Measure, MeasureDelta, MeasureMinute, MeasureQuarter, MeasureSummary
from processors.models.processors import Processor, Worker
from processors.models.runs import (
    ENDED_STATES,
    NEVER,
    Asks,
    Attempt,
    AuthToken,
    IdempotencyRecord,
    KeptResult,
    LogLine,
    Run,
    RunDefinition,
    RunInput,
    RunSignal,
    RunState,
    Step,
)

__all__ = [
    "ENDED_STATES",
    "NEVER",
    "Asks",
    "Attempt",
    "AuthToken",
    "FilePiece",
    "IdempotencyRecord",
    "KeptFile",
    "KeptResult",
    "LogLine",
    "Measure",
    "MeasureDelta",
    "MeasureMinute",
    "MeasureQuarter",
    "MeasureSummary",
    "Processor",
    "Run",
    "RunDefinition",
    "RunInput",
    "RunSignal",
    "RunState",
    "Step",
    "StoredFile",
    "Worker",
]
