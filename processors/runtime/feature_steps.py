"""Makes the calls of a feature's steps: each as its target says, masked by all that the run has read."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from processors.connectors.errors import ConnectorError
from processors.engine.step import Say, StepCall, StepError, StepFailed, StepResult
from processors.runtime.claims import Claim
from processors.runtime.composition import Composer
from processors.runtime.feature_values import Guard
from processors.runtime.loader import AnyDefinition, Loader, SealedValue
from processors.runtime.masking import rejected, step_error
from processors.runtime.resource_definition import ResourceDefinition
from processors.runtime.resources import ResourceSteps
from processors.runtime.secrets import Vault
from processors.runtime.steps import ActionSteps, Means
from products.features.action_inputs import given_to
from products.lib.inputs import InputError
from products.lib.jsontypes import Json
from products.lib.redaction import Redactor
from products.queries.callable_features import call_key


class CallSteps:
    """The step port of one run of a feature (`processors.engine.ports.FeatureSteps`)."""

    def __init__(
        self, means: Means, loader: Loader, composer: Composer, *, calls: Mapping[str, AnyDefinition], claim: Claim,
        vault: Vault, guard: Guard,
    ) -> None:  # fmt: skip
        self._means = means
        self._loader = loader
        self._composer = composer
        self._calls = calls
        self._run_id: UUID = claim.run_id
        self._workspace_id: UUID = claim.workspace_id
        self._vault = vault
        self._guard = guard

    async def call(self, call: StepCall, say: Say) -> StepResult:
        """One try. Raises StepFailed, psycopg.Error."""
        spec = call.spec
        target = f"{spec.app}:{spec.target}" if spec.app else spec.target
        definition = self._calls.get(call_key(spec.kind, target))
        if definition is None:
            message = f"This run has no definition of “{target}”."
            raise StepFailed(StepError("definition_missing", message, "platform"))
        values = await self._loader.values(definition, self._workspace_id)
        if isinstance(definition, ResourceDefinition):
            return await self._use(definition, values, call, say)
        self._means.health.uses.note(self._run_id, definition, values)
        try:
            composed = self._composer.compose(definition, values, self._vault)
            given = given_to(definition.action, {} if call.input is None else call.input)
        except ConnectorError as error:
            raise StepFailed(step_error(error, Redactor())) from None
        except InputError as error:
            raise StepFailed(rejected(error)) from None
        composed = self._guard.around(composed, call.input)
        return await ActionSteps(self._means, composed, given, self._vault).call(call, say)

    async def _use(
        self, definition: ResourceDefinition, values: tuple[SealedValue, ...], call: StepCall, say: Say
    ) -> StepResult:
        try:
            opened = self._means.resources.places.open(definition, values, self._vault)
            self._guard.check_leads(call.input, opened.leads_to)
        except ConnectorError as error:
            raise StepFailed(step_error(error, Redactor())) from None
        opened = opened.hiding(self._guard.texts)
        steps = ResourceSteps(self._means.resources, definition, opened, run_id=self._run_id)
        return await steps.call(call, say)

    def shown(self, value: Json) -> Json:
        """The value with every secret masked, bounded, for people to look at."""
        return self._guard.shown(value)

    def masked(self, value: Json) -> Json:
        """The value with the secrets that the run has read masked, whole."""
        return self._guard.masked(value)
