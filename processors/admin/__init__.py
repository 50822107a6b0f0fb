"""The admin of the upper storey: runs can be looked at, nothing secret is shown."""

from processors.admin import files, measures, processors, runs

__all__ = ["files", "measures", "processors", "runs"]
