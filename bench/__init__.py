"""Figures of the whole system, and of a bare baseline in the same run."""
