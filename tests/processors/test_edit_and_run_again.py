"""A run of an action edited and run again: its console begins with the input of that run."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client

from processors.forms.console import ConsoleForm
from processors.forms.earlier import earlier_values
from processors.models import Run
from processors.views import console
from products.lib.actions import ActionSpec, Body, Parameter
from products.lib.inputs import InputError
from products.models import Action
from tests.contracts.routes import signed_in
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.scene import ECHO, Scene

CONSOLE = "/w/acme/p/shop/connections/api/actions/echo/"
FILES = Body(
    format="multipart",
    content_type="multipart/form-data",
    schema={"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}},
    file_fields=("photo",),
)


def spec(*parameters: Parameter, body: Body | None = None) -> ActionSpec:
    return ActionSpec(tag="a", name="A", method="POST", path="/a", parameters=parameters, body=body)


@pytest.mark.parametrize("given", [
    {"params": {"id": "7"}, "query": {"mood": "fine"}, "body": {"amount": 3}},
    {"id": "7", "mood": "fine", "amount": 3},
])  # fmt: skip
def test_a_structured_and_a_flat_input_come_back_as_fields(given: Any) -> None:
    earlier = earlier_values(ECHO, given)
    assert earlier.initial == {"params:id": "7", "query:mood": "fine", "body": '{\n  "amount": 3\n}'}
    assert (earlier.files, earlier.homeless) == ((), ())


def test_what_was_left_out_stays_empty_whatever_the_default_is() -> None:
    limits = (Parameter("limit", "query", type="integer", default=10), Parameter("flag", "query", type="boolean"))
    earlier = earlier_values(spec(*limits), {"query": {"flag": False}})
    form = ConsoleForm(spec(*limits), initial=earlier.initial)
    assert (form["query:limit"].value(), form["query:flag"].value()) == ("", "false")


def test_what_no_field_can_show_is_named() -> None:
    given = {"query": {"old": 1}, "headers": {"x-trace": "t"}, "body": {"photo": {"content_base64": "eA=="}, "n": 1}}
    earlier = earlier_values(spec(Parameter("X-Trace", "header"), body=FILES), given)
    assert earlier.initial == {"headers:X-Trace": "t", "body": '{\n  "n": 1\n}'}
    assert (earlier.files, earlier.homeless) == (("photo",), ("query:old",))
    binary = earlier_values(
        spec(body=Body(format="binary", content_type="image/png")), {"body": {"content_base64": "eA"}}
    )
    assert ("body" in binary.initial, binary.files) == (False, ("body",))
    with pytest.raises(InputError):
        earlier_values(spec(), {"gone": 1})


def test_K3_what_is_masked_is_written_anew_and_not_sent_as_its_mask() -> None:
    tokens = spec(Parameter("X-Api-Key", "header"), body=Body(schema={"type": "object"}))
    earlier = earlier_values(tokens, {"headers": {"X-Api-Key": "•••"}, "body": {"password": "•••", "n": 1}})
    assert earlier.initial["headers:X-Api-Key"] == ""
    form = ConsoleForm(tokens, {"body": earlier.initial["body"], "headers:X-Api-Key": "Bearer •••"})
    assert not form.is_valid()
    assert "/password" in form.errors["body"][0]
    assert "masked" in form.errors["headers:X-Api-Key"][0]


def test_the_run_leads_to_its_console_which_starts_the_edited_run(
    runs: Runs, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "WAIT_S", 0)
    run = runs.start("echo", {"id": "ord 7", "mood": "fine", "amount": 3}, retries=4, timeout_s=9)
    client: Client = signed_in(people.dev)
    link = f"{CONSOLE}?env=dev&run={run.pk}"
    assert f'href="{link}"' in unescape(client.get(f"/w/acme/p/shop/runs/{run.pk}/").content.decode())
    page = unescape(client.get(link).content.decode())
    for shown in ('value="ord 7"', 'value="fine"', '"amount": 3', 'value="4"', 'value="9.0"', f"/runs/{run.pk}/"):
        assert shown in page, shown
    assert f'hx-post="{link}"' in page
    sent = {"params:id": "ord 8", "query:mood": "fine", "body": '{"amount": 4}', "retries": "4", "timeout": "9"}
    answer = client.post(link, sent)
    assert answer.status_code == 200, answer.content
    again = Run.objects.exclude(pk=run.pk).get()
    assert (again.trigger, again.replay_of, again.retries, again.timeout_s) == ("restart", run.pk, 4, 9)
    assert again.input == {"params": {"id": "ord 8"}, "query": {"mood": "fine"}, "body": {"amount": 4}}
    plain = client.post(f"{CONSOLE}?env=dev", sent)
    assert plain.status_code == 200
    assert Run.objects.filter(trigger="page", replay_of=None).count() == 1


def test_a_run_of_something_else_or_none_leaves_the_console_as_it_is(runs: Runs, scene: Scene, people: Cast) -> None:
    other = runs.start("get", {"q": "elsewhere"})
    client = signed_in(people.dev)
    plain = client.get(f"{CONSOLE}?env=dev").content.decode()
    for wrong in (str(other.pk), "x", "%00", "01900000-0000-7000-8000-00000000aaaa"):
        answer = client.get(f"{CONSOLE}?env=dev&run={wrong}")
        assert answer.status_code == 200
        assert "elsewhere" not in answer.content.decode().split("Latest runs")[0]
        assert "The input of" not in answer.content.decode()
    assert "The input of" not in plain


def test_who_may_not_run_and_what_is_no_longer_there_is_not_offered(runs: Runs, people: Cast, scene: Scene) -> None:
    run = runs.start("echo", {"id": "1"})
    page = f"/w/acme/p/shop/runs/{run.pk}/"
    assert "Edit and run again" in signed_in(people.dev).get(page).content.decode()
    assert "Edit and run again" not in signed_in(people.vera).get(page).content.decode()
    Action.objects.filter(app=scene.app, tag="echo").delete()
    assert "Edit and run again" not in signed_in(people.dev).get(page).content.decode()


def test_an_input_that_the_action_takes_no_more_is_said(runs: Runs, people: Cast) -> None:
    run = runs.start("echo", {"id": "1"})
    Run.objects.filter(pk=run.pk).update(input={"gone": 1, "id": "1"})
    page = signed_in(people.dev).get(f"{CONSOLE}?env=dev&run={run.pk}").content.decode()
    assert "Unknown field “gone”" in page
