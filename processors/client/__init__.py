"""The Python client: the processor interface over REST, by the standard library alone."""

from processors.client.client import Ductape
from processors.client.errors import DuctapeError, NotReachable, NotSeen, Refused, RunFailed
from processors.client.values import LogLine, Run, RunError, Step

__all__ = [
    "Ductape",
    "DuctapeError",
    "LogLine",
    "NotReachable",
    "NotSeen",
    "Refused",
    "Run",
    "RunError",
    "RunFailed",
    "Step",
]
