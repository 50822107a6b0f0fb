"""Which expressions have something secret in them, by their form alone."""

from __future__ import annotations

from products.expressions.nodes import Call, ListOf, Node, ObjectOf, Reference, inside, walk
from products.expressions.operators import OPERATORS
from products.expressions.references import REFERENCES


def is_sensitive(node: Node) -> bool:
    """Whether a sensitive reference stands anywhere in it."""
    return any(isinstance(each, Reference) and REFERENCES[each.root].sensitive for each in walk(node))


def shows_secret(node: Node) -> bool:
    """Whether what is secret in it shows in its value: in `$Uppercase($Secret{K})`, not in `$Length($Secret{K})`."""
    match node:
        case Reference(root=root):
            return REFERENCES[root].sensitive
        case Call(name=name, arguments=arguments):
            return OPERATORS[name].carries and any(map(shows_secret, arguments))
        case ListOf() | ObjectOf():
            return any(map(shows_secret, inside(node)))
    return False
