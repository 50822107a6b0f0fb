"""Every field of the database that holds sealed values: what a rotation of data keys has to seal anew."""

from __future__ import annotations

from processors.models import AuthToken, FilePiece, RunInput, RunSignal
from products.services import rotation
from products.services.resealing import SealedColumn

PIECES = 8  # at a time: each has a megabyte

COLUMNS = (
    *rotation.COLUMNS,
    SealedColumn(RunInput, "run__workspace"),  # of ended runs too: they can be replayed
    SealedColumn(RunSignal, "run__workspace"),
    SealedColumn(AuthToken, "connection_environment__connection__product__workspace"),
    SealedColumn(FilePiece, "file__workspace", batch=PIECES),
)
