"""What stands behind a dollar sign: whether there is such an operator or reference, and how it is written."""

from __future__ import annotations

from products.expressions.errors import SyntaxFault, UnknownName, WrongCount
from products.expressions.lexer import Token
from products.expressions.nodes import Call
from products.expressions.operators import OPERATORS, Operator
from products.expressions.references import REFERENCES
from products.expressions.suggestions import did_you_mean, nearest, shortened

_SPELLINGS = {"and": "&&", "or": "||", "not": "!", "True": "true", "False": "false", "None": "null", "nil": "null",
              "undefined": "null"}  # fmt: skip


def check_operator(name: str, start: int, end: int) -> Operator:
    """The operator of that name. Raises UnknownName, or SyntaxFault for a reference that is written as one."""
    declared = OPERATORS.get(name)
    if declared is not None:
        return declared
    if name in REFERENCES:
        hint = f"Write {REFERENCES[name].form}."
        raise SyntaxFault(f"${name} is a reference and takes braces.", start=start, end=end, suggestion=hint)
    words = f"There is no operator ${shortened(name)}."
    raise UnknownName(words, start=start, end=end, suggestion=_meant(name, [*OPERATORS, *REFERENCES]))


def check_reference(name: str, segments: tuple[str, ...], start: int, end: int) -> None:
    """Raises UnknownName for an unknown root, SyntaxFault for one that cannot stand without segments."""
    kind = REFERENCES.get(name)
    if kind is None:
        words = f"There is no reference ${shortened(name)}."
        raise UnknownName(words, start=start, end=end, suggestion=_meant(name, [*REFERENCES, *OPERATORS]))
    if not segments and not kind.whole:
        raise SyntaxFault(f"${name} alone is nothing.", start=start, end=end, suggestion=f"Write {kind.form}.")


def _meant(name: str, known: list[str]) -> str:
    found = nearest(name, known)
    if not found:
        return f"Write $${shortened(name)} where it is meant as text."
    return f"Did you mean {OPERATORS[found].forms[0] if found in OPERATORS else REFERENCES[found].form}?"


def check_count(declared: Operator, node: Call) -> None:
    """Raises WrongCount."""
    given, least, most = len(node.arguments), declared.least, declared.most
    if least <= given and (most is None or given <= most):
        return
    wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
    plural = "argument" if wanted in {"1", "at least 1"} else "arguments"
    were = "1 was" if given == 1 else f"{given} were" if given else "none was"
    words = f"${declared.name} needs {wanted if wanted != '0' else 'no'} {plural}, and {were} given."
    raise WrongCount(words, start=node.start, end=node.end, suggestion=f"It is {' or '.join(declared.forms)}.")


def spelling_of(word: str) -> str:
    """How a word of other languages is written here; "" for none."""
    return f"Write {_SPELLINGS[word]}." if word in _SPELLINGS else ""


def unknown_word(token: Token) -> UnknownName:
    """A bare word that means nothing."""
    word = token.text
    hint = spelling_of(word) or did_you_mean(word, [f"${name}" for name in (*OPERATORS, *REFERENCES)])
    words = f"“{shortened(word)}” means nothing: text stands in quotes."
    return UnknownName(words, start=token.start, end=token.end, suggestion=hint)
