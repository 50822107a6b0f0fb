"""What the sample shop sells."""

from __future__ import annotations

from typing import Any, Final

GOODS: Final[tuple[dict[str, Any], ...]] = tuple(
    {"id": f"prd_{number:03}", "name": name, "category": category, "price": price, "currency": "EUR", "stock": stock}
    for number, (name, category, price, stock) in enumerate(
        (
            ("Cloth tape, grey", "tape", 6.50, 120),
            ("Cloth tape, black", "tape", 6.50, 84),
            ("Masking tape", "tape", 3.20, 240),
            ("Double-sided tape", "tape", 4.90, 66),
            ("Gaffer tape, matt", "tape", 11.00, 31),
            ("Cutting mat", "tools", 18.90, 12),
            ("Utility knife", "tools", 8.40, 57),
            ("Tape dispenser", "tools", 14.00, 20),
            ("Steel ruler", "tools", 7.75, 43),
            ("Enamel mug", "gifts", 12.50, 38),
            ("Sticker sheet", "gifts", 2.00, 500),
            ("Gift card", "gifts", 25.00, 9999),
        ),
        start=1,
    )
)
