"""What each field type accepts, in words."""

from __future__ import annotations

from typing import Final

from products.catalog.entries import Term

FIELD_TYPE_TERMS: Final[tuple[Term, ...]] = (
    Term("string", "Text", "Any text. Minimum and maximum count characters."),
    Term("nospaces_string", "Text without spaces", "Text without any white space."),
    Term("email_string", "E-mail address", "An address such as ada@example.com."),
    Term("numberstring", "Number as text", 'Text that holds a number: "12" or "-3.5".'),
    Term("date_string", "Date as text", "A date or a moment in ISO 8601: 2026-01-31 or 2026-01-31T09:30:00Z."),
    Term("number", "Whole number", "An integer. Minimum and maximum are values. `INTEGER` means the same."),
    Term("float", "Number", "A number with or without decimals."),
    Term("double", "Number", "The same as float; kept apart because documents name it."),
    Term("uuid", "UUID", "An identifier such as 6f1c2a9e-3b47-4a35-9d55-0f8e6f2b7a11."),
    Term("date", "Date", "A date or a moment in ISO 8601."),
    Term("array", "List", "A list of anything. Minimum and maximum count elements."),
    Term("object", "Object", "A JSON object."),
    Term("boolean", "Yes or no", "true or false."),
    Term("array-string", "List of texts", "A list whose elements are text."),
    Term("array-number", "List of whole numbers", "A list whose elements are integers."),
    Term("array-float", "List of numbers", "A list whose elements are numbers."),
    Term("array-double", "List of numbers", "The same as array-float."),
    Term("array-uuid", "List of UUIDs", "A list whose elements are UUIDs."),
    Term("array-boolean", "List of yes or no", "A list whose elements are true or false."),
)
