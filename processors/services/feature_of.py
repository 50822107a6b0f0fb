"""The feature that a run executes, as the run's own definition has it."""

from __future__ import annotations

from processors.models import Run
from processors.services.feature_specs import PreparedFeature
from products import features
from products.lib.errors import Conflict
from products.queries.callable_features import Draft, read_document


def draft_of_run(run: Run) -> Draft:
    """What the run executes. Raises Conflict for a run that is none of a feature."""
    content = run.definition.content if run.kind == "feature" else {}
    documents = content.get("features", {})
    if run.target not in documents:
        raise Conflict("This is no run of a feature.", code="no_feature")
    read = {tag: read_document(tag, document) for tag, document in documents.items()}
    return Draft(run.target, content["release"], documents, read)


def feature_of_run(run: Run) -> features.Feature:
    """The feature. Raises Conflict for a run that is none of a feature."""
    return draft_of_run(run).feature


def prepared_of_run(run: Run) -> PreparedFeature:
    """The very definition of a run, to be run once more. Raises Conflict."""
    return PreparedFeature(run.environment, run.definition.content, run.definition_id, draft_of_run(run))
