"""Makes the calls of operations of resources: opens settings, calls the connector, masks what comes of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from yarl import URL

from processors.connectors.caches.connector import CacheConnector
from processors.connectors.errors import ConnectorError, HostNotAllowed, Misconfigured
from processors.connectors.registry import Registry
from processors.connectors.resources import Files, ResourceCall, ResourcePlace
from processors.engine.step import Say, StepCall, StepFailed, StepResult
from processors.runtime.composition import MAY_GO, open_value, with_secrets
from processors.runtime.connection_health import Health
from processors.runtime.database import Pool
from processors.runtime.files import StoredFiles
from processors.runtime.loader import SealedValue
from processors.runtime.masking import exchange_of, masked_output, rejected, step_error
from processors.runtime.resource_definition import ResourceDefinition
from processors.runtime.sealers import Sealers
from processors.runtime.secrets import Vault
from processors.runtime.stored_notes import note_stored
from products.catalog.resources.operations import checked_input, input_fields
from products.lib.inputs import InputError
from products.lib.jsontypes import Json, JsonObject, content_hash
from products.lib.redaction import Redactor

_KEPT = 300


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """A place with its settings opened, and all that has to be masked."""

    place: ResourcePlace
    secrets: tuple[str, ...]
    redactor: Redactor
    leads_to: frozenset[str] = frozenset()  # hosts

    def hiding(self, more: tuple[str, ...]) -> OpenPlace:
        """The same place, with the secrets that a feature has read masked too."""
        if not more:
            return self
        secrets = tuple(dict.fromkeys((*self.secrets, *more)))
        return replace(self, secrets=secrets, redactor=Redactor(secrets))


class Places:
    """Opens places for one worker; the same definition with the same sealed values is opened once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, tuple[SealedValue, ...]], OpenPlace] = OrderedDict()

    def open(self, definition: ResourceDefinition, values: tuple[SealedValue, ...], vault: Vault) -> OpenPlace:
        """Raises Misconfigured, naming what has no value or does not open, and HostNotAllowed."""
        key = (definition.hash, values)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _opened(definition, values, vault)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return known


@dataclass(frozen=True, slots=True)
class ResourceMeans:
    """What all runs of a process use resources with."""

    pool: Pool
    connectors: Registry
    places: Places
    health: Health
    max_bytes: int
    caches: CacheConnector
    sealers: Sealers


class ResourceSteps:
    """The step port of one operation (`processors.engine.ports.Steps`).

    `given` is the input of a run of it alone; a feature's step brings its own. `run_id` is that of the run, none while
    somebody only looks.
    """

    def __init__(
        self,
        means: ResourceMeans,
        definition: ResourceDefinition,
        opened: OpenPlace,
        *,
        given: Json = None,
        files: Files | None = None,
        run_id: UUID | None = None,
    ) -> None:
        self._means = means
        self._definition = definition
        self._opened = opened
        self._given = given
        self._run_id = run_id
        self._files = files or StoredFiles(means.pool, means.sealers, opened.place.workspace_id, run_id)

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """One try. Raises StepFailed."""
        definition, opened = self._definition, self._opened
        try:
            result = await self._called(call, say)
        except InputError as error:
            raise StepFailed(rejected(error)) from None
        except ConnectorError as error:
            failed = step_error(error, opened.redactor)
            self._means.health.failed(definition.config, failed)
            raise StepFailed(failed, exchange_of(error.result)) from None
        self._means.health.succeeded(definition.config)
        output = masked_output(result.output, opened.redactor, opened.secrets)
        if self._run_id:
            await note_stored(self._means.pool, definition, self._run_id, call.spec.tag, output)
        return StepResult(
            output=output,
            exchange=exchange_of(result),
            summary=f"Done in {result.timings.total_ms:.0f} ms.",
            notices=tuple(opened.redactor.text(notice) for notice in result.notices),
        )

    async def _called(self, call: StepCall, say: Say) -> Any:
        definition, opened = self._definition, self._opened
        given = self._given if self._given is not None else call.input
        fields = input_fields(definition.kind, definition.operation, definition.definition)
        has_values = given or definition.operation != "explain"  # a plan can be had without any
        checked = checked_input(fields, given) if has_values else {}
        say("info", f"{definition.event} on the {definition.kind} {definition.tag} ({definition.provider})")
        request = ResourceCall(
            place=opened.place,
            operation=definition.operation,
            definition=definition.definition or dict(definition.shared),
            input=checked,
            redactor=opened.redactor,
            files=self._files,
        )
        connector = await self._means.connectors.ready(connector_name(definition.kind, definition.provider))
        return await connector.call(
            request,
            deadline_s=call.spec.timeout_s,
            max_bytes=self._means.max_bytes,
            idempotency_key=call.idempotency_key,
        )


def connector_name(kind: str, provider: str) -> str:
    """Of the connector that serves a provider: those of databases differ."""
    return "mongodb" if provider == "mongodb" else kind


def _opened(definition: ResourceDefinition, values: tuple[SealedValue, ...], vault: Vault) -> OpenPlace:
    texts = {(value.kind, value.name): open_value(value, vault) for value in values}
    settings: JsonObject = {}
    hidden: list[str] = []
    for name, reference in definition.settings.items():
        settings[name] = _value(name, reference, texts)
        if "value" not in reference:
            hidden.append(str(settings[name]))
    leads_to = _leads_to(settings)
    for value in values:
        if value.hosts and not {URL(host).host for host in value.hosts}.issuperset(leads_to):
            raise HostNotAllowed(f"The secret “{value.name}” may not be sent there. {MAY_GO}")
    secrets = tuple(dict.fromkeys((*hidden, *texts.values())))
    place = ResourcePlace(
        id=definition.config,
        workspace_id=vault.workspace_id,
        provider=definition.provider,
        settings=settings,
        fingerprint=content_hash([definition.provider, settings]),
        folder=definition.folder,
        read_only=definition.read_only,
    )
    return OpenPlace(place, secrets, Redactor(secrets), leads_to)


def _value(name: str, reference: JsonObject, texts: Mapping[tuple[str, str], str]) -> Json:
    if "value" in reference:
        return reference["value"]
    if "text" in reference:
        return with_secrets(reference["text"], texts)
    text = texts.get(("setting", reference["sealed"]))
    if text is None:
        raise Misconfigured(f"The resource no longer has a value for “{name}”.", details={"field": name})
    return text


def _leads_to(settings: JsonObject) -> frozenset[str]:
    """The hosts that a provider's settings name."""
    texts = [str(settings.get(name) or "") for name in ("host", "endpoint")]
    texts += [one.rsplit(":", 1)[0] for one in str(settings.get("hosts") or "").split(",")]
    return frozenset((URL(text).host or text).strip() for text in texts if text.strip())
