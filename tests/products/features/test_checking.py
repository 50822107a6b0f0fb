"""What can be known to be wrong with a feature without a run is said when it is saved."""

from __future__ import annotations

import pytest

from products.features import Connected, World, check_feature, read_feature
from products.lib.jsontypes import Json, JsonObject

WORLD = World(
    connections={
        "shop": Connected(frozenset({"pay", "refund", "ship"}), frozenset({"region"}), frozenset({"version"}))
    },
    secrets=frozenset({"API_KEY"}),
    inputs={"bill": ()},
)


def event(tag: str, given: Json = None, **more: object) -> JsonObject:
    return {"tag": tag, "type": "action", "app": "shop", "event": "pay", "input": given, **more}


def found(*sequences: JsonObject, **more: object) -> list[tuple[str, str]]:
    """The errors of a feature: pointer and sentence."""
    document: JsonObject = {"name": "F", "input": {"n": "number"}, "sequences": list(sequences), **more}
    feature, problems = read_feature(document, available=("action", "feature"))
    assert not problems, problems
    return [(one.pointer, one.detail) for one in check_feature(feature, WORLD).errors]


def seq(tag: str, *events: JsonObject, **more: object) -> JsonObject:
    return {"tag": tag, "events": list(events), **more}


def test_a_feature_whose_references_all_run_before_is_right() -> None:
    undo = {"type": "action", "app": "shop", "event": "refund", "input": "$Step{five}{id} $Error{message}"}
    assert not found(
        seq("a", event("one", "$Input{n}"), event("two", ["$Sequence{a}{one}{id}", "$Step{one}", "$Secret{API_KEY}"])),
        seq("b", event("three", "$Variable{shop}{region} $Constant{shop}{version} $Run{id}")),
        seq(
            "c",
            event("four", "$Item{x}$Index", for_each="$Step{two}{list}", condition="$Item{x} > 1"),
            event(
                "five",
                "$Step{four}{0}",
                rollback=undo,
            ),
            parents=["a", "b"],
        ),
        output="$Sequence{c}{five}{id}",
        options={"concurrency": {"limit": 1, "key": "$Input{n}"}},
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$Input{m}", "m"),
        ("$Sequence{a}{two}", "is this event itself"),
        ("$Sequence{a}{three}", "runs later"),
        ("$Step{other}", "does not run before this"),
        ("$Sequence{b}{other}", "does not run before this"),
        ("$Step{one_}", "one"),
        ("$Secret{API_KYE}", "API_KEY"),
        ("$Variable{shop}{regoin}", "region"),
        ("$Variable{shpo}{region}", "shop"),
        ("$Item", "Item"),
        ("$Error{message}", "Error"),
        ("$Uppercse($Input{n})", "$Uppercase"),
        ("$Add('a', {})", "$Add"),
        ("$Add(1", ""),
    ],
)
def test_a_reference_to_what_cannot_be_there_is_named_with_a_suggestion(text: str, words: str) -> None:
    problems = found(seq("a", event("one"), event("two", {"x": [text]}), event("three")), seq("b", event("other")))
    assert {pointer for pointer, _ in problems} == {"/sequences/0/events/1/input/x/0"}
    assert words in problems[0][1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$Auth{shop}{headers}{Authorization}", "its connection by itself"),
        ("Bearer $Session{user}{id}", "a field of its input"),
        ("$Response{id}", "means nothing here"),
        ("$Event{type}", "means nothing here"),
        ("$Index", "only there inside for_each"),
    ],
)
@pytest.mark.parametrize("where", ["input", "condition", "rollback", "output"])
def test_what_a_run_of_a_feature_does_not_have_is_refused_where_it_stands(text: str, words: str, where: str) -> None:
    undo = {"type": "action", "app": "shop", "event": "refund", "input": text}
    more = {
        "input": {"given": text},
        "condition": {"condition": f"{text.split()[-1]} == 1"},
        "rollback": {"rollback": undo},
    }
    document = {"name": "F", "sequences": [seq("a", event("one", **more.get(where, {})))]}
    document |= {"output": [text]} if where == "output" else {}
    feature, problems = read_feature(document, available=("action", "feature"))
    assert not problems
    (one,) = check_feature(feature, WORLD).errors
    place = {"input": "/input", "condition": "/condition", "rollback": "/rollback/input"}
    assert one.pointer.endswith(place.get(where, "/output/0"))
    assert words in one.detail
    assert f"{text.split()[-1].partition('{')[0]} " in one.detail
    assert "^" in one.caret


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("$Input{n}-$Run{environment}", ""),
        ("$Run{id}", "$Run has no “id”"),
        ("$Secret{API_KEY}", "is not known when a run is counted"),
        ("$Variable{shop}{region}", "is not known when a run is counted"),
        ("$Session{user}", "a field of its input"),
        ("$Step{one}", "has not run when a run is counted"),
    ],
)
def test_the_key_of_a_limit_sees_only_what_is_there_before_the_run(key: str, words: str) -> None:
    problems = found(seq("a", event("one")), options={"concurrency": {"limit": 1, "key": key}})
    assert [(pointer, words in detail) for pointer, detail in problems] == (
        [("/options/concurrency/key", True)] if words else []
    )


def test_events_side_by_side_do_not_see_each_other() -> None:
    problems = found(seq("a", event("one"), event("two", "$Step{one}"), mode="concurrent"))
    assert problems[0][0] == "/sequences/0/events/1/input"
    assert "runs side by side with this" in problems[0][1]


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"app": "shpo"}, "/sequences/0/events/0/app", "Did you mean “shop”?"),
        ({"event": "pya"}, "/sequences/0/events/0/event", "Did you mean “pay”?"),
        (
            {"rollback": {"type": "action", "app": "shop", "event": "refnud"}},
            "/sequences/0/events/0/rollback/event",
            "Did you mean “refund”?",
        ),
        ({"condition": "$Input{n} >"}, "/sequences/0/events/0/condition", ""),
        ({"for_each": "$Item"}, "/sequences/0/events/0/for_each", "Item"),
    ],
)
def test_targets_conditions_and_loops_are_checked(change: JsonObject, pointer: str, words: str) -> None:
    problems = found(seq("a", event("one", **change)))
    assert problems[0][0] == pointer
    assert words in problems[0][1]


LOOPED: JsonObject = {
    "n": {"type": "number", "required": True},
    "a": {"type": "string", "required": True},
    "ids": {"type": "array-uuid", "required": True},
    "some": "array",
    "five": {"type": "array", "default": [5]},
}


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ("$Input{n}", "for_each needs a list, not a number."),
        ("$Input{a}", "for_each needs a list, not a text."),
        ("a, b", "for_each needs a list, not a text."),
        ("$Input{ids}, $Input{ids}", "for_each needs a list, not a text."),
        ("$Input", "for_each needs a list, not a text."),
        ("$Size($Run)", "for_each needs a list, not a number."),
        ("$If($Input{n} > 1, $Input{n}, 'none')", "for_each needs a list, not a number or a text."),
    ],
)
def test_a_loop_over_what_is_no_list_is_refused(items: str, words: str) -> None:
    problems = found(seq("a", event("one", for_each=items)), input=LOOPED)
    assert problems == [("/sequences/0/events/0/for_each", words)]


@pytest.mark.parametrize(
    ("items", "warned"),
    [
        ("$Input{ids}", 0),
        ("$Input{five}", 0),
        ("$Step{made}{rows}", 0),
        ("$Split($Input{a}, ',')", 0),
        (["$Input{n}", 1], 0),
        ([], 0),
        ("$Input{some}", 1),
        ("$Default($Input{some}, [])", 0),
        ("$If($Input{n} > 1, $Input{ids}, 'none')", 0),
    ],
)
def test_a_loop_over_what_may_be_a_list_is_left_alone_or_warned_of(items: Json, warned: int) -> None:
    events = [event("made"), event("one", for_each=items)]
    document = {"name": "F", "input": LOOPED, "sequences": [seq("a", *events)]}
    feature, problems = read_feature(document, available=("action", "feature"))
    assert not problems
    findings = check_feature(feature, WORLD)
    assert findings.errors == ()
    assert [one.pointer for one in findings.warnings] == ["/sequences/0/events/1/for_each"] * warned


def test_a_child_feature_has_to_be_there_and_a_sleep_needs_a_length() -> None:
    child: JsonObject = {"tag": "c", "type": "feature", "event": "bll"}
    nap: JsonObject = {"tag": "nap", "type": "sleep", "input": {"for": "soon"}}
    never: JsonObject = {"tag": "never", "type": "sleep"}
    assert [pointer for pointer, _ in found(seq("a", child, nap, never))] == [
        "/sequences/0/events/0/event",
        "/sequences/0/events/1/input/for",
        "/sequences/0/events/2/input",
    ]


@pytest.mark.parametrize(
    ("given", "pointer", "words"),
    [
        ("400d", "", "may last 366 days"),
        (366 * 86_400 + 1, "", "may last 366 days"),
        ({"for": "53 weeks"}, "/for", "may last 366 days"),
        ({"until": "not a date"}, "/until", "“not a date” is no date"),
        ({"until": "2026-02-30"}, "/until", "is no date"),
        ({"until": True}, "/until", "needs a date"),
        ({"until": ["$Input{n}"]}, "/until", "needs a date"),
        ({"until": 10**300, "for": "5m"}, "/until", "is no date"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "/until", "is no date"),
        ({"for": None, "until": None}, "", "needs “for”"),
        ({"for": {"hours": 1}}, "/for", "A length of time is"),
        ("soon", "", "is no length of time"),
    ],
)
def test_a_sleep_that_no_run_could_make_is_refused_at_its_place(given: Json, pointer: str, words: str) -> None:
    (problem,) = found(seq("a", {"tag": "nap", "type": "sleep", "input": given}))
    assert problem[0] == f"/sequences/0/events/0/input{pointer}"
    assert words in problem[1]


@pytest.mark.parametrize("given", [
    "366d", "$Input{n}", "1h30m", 5, {"for": "$Input{n}"}, {"until": "2020-01-31"}, {"until": 1_900_000_000_000},
    {"until": "9999-12-31T23:59:59+14:00"},  # the day may come before the run
    {"until": "$Input{n}", "for": "soon"}, {"until": "2030-01-31T09:30:00Z", "for": "2h"}, {"until": None, "for": "1s"},
])  # fmt: skip
def test_a_sleep_that_may_be_right_is_left_alone(given: Json) -> None:
    assert not found(seq("a", {"tag": "nap", "type": "sleep", "input": given}))


def test_the_tag_of_two_events_is_told_apart_by_its_sequence() -> None:
    problems = found(seq("a", event("x")), seq("b", event("x")), seq("c", event("y", "$Step{x}"), parents=["a", "b"]))
    assert "several events" in problems[0][1]


def test_a_feature_of_a_thousand_events_is_checked_whole() -> None:
    events = [event(f"e{n}", f"$Step{{e{n - 1}}}" if n else "$Input{n}") for n in range(1000)]
    events[999]["input"] = "$Step{e1000}"
    problems = found(seq("a", *events))
    assert [pointer for pointer, _ in problems] == ["/sequences/0/events/999/input"]


LETTER: JsonObject = {
    "email": {"type": "email_string", "required": True},
    "copies": {"type": "number", "required": True, "default": 1, "maximum": 9},
    "note": "string",
    "to": {"type": "array", "schema": {"$ref": "#/$defs/People"}},
}


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"emial": 7}, [("/emial", "Did you mean “email”?"), ("/email", "“email” is missing.")]),
        (None, [("/email", "“email” is missing.")]),
        ({"email": None}, [("/email", "“email” is missing.")]),
        ({"email": ""}, [("/email", "may not be empty")]),
        ({"email": "$Input{n}", "copies": 10}, [("/copies", "at most 9")]),
        ({"email": "$Input{n}", "note": ["$Input{n}"]}, [("/note", "must be text, not a list")]),
        ("ada@example.com", [("", "The input of a feature is an object.")]),
        (["$Input{n}"], [("", "The input of a feature is an object.")]),
        ({"email": "ada@example.com", "copies": None, "note": None}, []),
        ({"email": "$Input{n}", "copies": "$Input{n}", "to": [{"anything": 1}]}, []),
        ("$Step{one}", []),
    ],
)
def test_what_a_child_feature_is_given_is_checked_as_far_as_it_is_written_out(
    given: Json, problems: list[tuple[str, str]]
) -> None:
    letter, wrong = read_feature(
        {"name": "L", "input": LETTER, "sequences": [seq("a", event("one"))], "tag": "letter"}, available=("action",)
    )
    assert not wrong
    world = World(connections=WORLD.connections, inputs={"letter": letter.input})
    child = {"type": "feature", "event": "letter", "input": given}
    for tag, more, place in (
        ("f", {"tag": "c", **child}, "/input"),
        ("letter", {"tag": "c", **child}, "/input"),
        ("f", event("c", rollback=child), "/rollback/input"),
    ):
        sequences = [seq("a", event("one"), more)]
        document = {"name": "F", "tag": tag, "input": LETTER | {"n": "number"}, "sequences": sequences}
        feature, wrong = read_feature(document, available=("action", "feature"))
        assert not wrong
        found = check_feature(feature, world).errors
        assert [one.pointer for one in found] == [f"/sequences/0/events/1{place}{at}" for at, _ in problems]
        assert all(words in one.detail for one, (_, words) in zip(found, problems, strict=True))


def test_an_undo_may_be_a_feature_that_is_there_and_has_no_tries_of_its_own() -> None:
    undo: JsonObject = {"type": "feature", "event": "bill", "input": "$Step{one}{id}"}
    assert not found(seq("a", event("one", rollback=undo)))
    assert [pointer for pointer, _ in found(seq("a", event("one", rollback={**undo, "event": "bll"})))] == [
        "/sequences/0/events/0/rollback/event"
    ]
    _, problems = read_feature(
        {"name": "F", "sequences": [seq("a", event("one", rollback={**undo, "retries": 2}))]},
        available=("action", "feature"),
    )
    assert [one.pointer for one in problems] == ["/sequences/0/events/0/rollback/retries"]
