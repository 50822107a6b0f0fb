"""The document of a feature as REST describes it; what is wrong with one, `products.features` says."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field
from rest_framework import serializers

from products.api.fields import Tag, Text
from products.api.schema import FieldProblemShape
from products.catalog.event_types import FEATURE_EXAMPLE
from products.features import EVENT_TYPES
from products.features.definition import STRATEGIES
from products.models import Feature

EXAMPLE = OpenApiExample(
    "A payment that is refunded when the shipment fails",
    request_only=True,
    value={"name": "Fulfil order", "definition": FEATURE_EXAMPLE},
)


class EventShape(serializers.Serializer[Any]):
    """One event. Which fields it may have depends on its type; texts in `input` and the like may be expressions."""

    tag = serializers.CharField(max_length=63)
    type = serializers.ChoiceField(choices=EVENT_TYPES)
    name = serializers.CharField(required=False, max_length=200)
    app = serializers.CharField(required=False, max_length=63, help_text="Of an action: the connection's access tag.")
    event = serializers.CharField(required=False, max_length=200, help_text="The tag of the target.")
    input = serializers.JSONField(required=False)
    condition = serializers.CharField(required=False)
    for_each = serializers.JSONField(required=False, help_text="A list, or an expression that gives one.")
    concurrency = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    retries = serializers.IntegerField(required=False, min_value=0, max_value=10)
    retry_delay = serializers.JSONField(required=False, help_text="Seconds, or `10s`, `5m`, `2h`; up to a day.")
    backoff = serializers.FloatField(required=False, min_value=1, max_value=10)
    timeout = serializers.JSONField(required=False, help_text="Seconds, or `10s`, `5m`, `2h`.")
    allow_fail = serializers.BooleanField(required=False)
    critical = serializers.BooleanField(required=False)
    cache = serializers.JSONField(required=False, help_text="`1h`, or `{for, key}`.")
    rollback = serializers.DictField(required=False, help_text="What takes the effect back: `type`, `app`, `event` …")
    when_unknown = serializers.ChoiceField(required=False, choices=("retry", "ask"))
    after_parent = serializers.ChoiceField(required=False, choices=("cancel", "leave"))
    schema = serializers.DictField(required=False, help_text="Of `wait_signal`: the fields of the answer.")
    approval = serializers.BooleanField(required=False, help_text="Of `wait_signal`: a person says yes or no.")
    roles = serializers.ListField(child=serializers.CharField(), required=False, help_text="Who may answer.")

    class Meta:
        ref_name = "FeatureEvent"


class SequenceShape(serializers.Serializer[Any]):
    """Events in order, or side by side."""

    tag = serializers.CharField(max_length=63)
    name = serializers.CharField(required=False, max_length=200)
    mode = serializers.ChoiceField(required=False, choices=("ordered", "concurrent"))
    parents = serializers.ListField(child=serializers.CharField(), required=False)
    events = EventShape(many=True)

    class Meta:
        ref_name = "FeatureSequence"


class OptionsShape(serializers.Serializer[Any]):
    """What holds for a whole run."""

    timeout = serializers.JSONField(required=False, help_text="Seconds, or `10s`, `5m`, `2h`.")
    rollback = serializers.ChoiceField(required=False, choices=STRATEGIES)
    concurrency = serializers.DictField(required=False, help_text="`{limit, key, surplus}`: how many runs at once.")

    class Meta:
        ref_name = "FeatureOptions"


class DefinitionShape(serializers.Serializer[Any]):
    """What a feature asks for, does and answers."""

    input = serializers.DictField(required=False, help_text="`{name: {type, required, …}}`, or `{name: type}`.")
    sequences = SequenceShape(many=True)
    output = serializers.JSONField(required=False)
    options = OptionsShape(required=False)
    defs = serializers.DictField(required=False, help_text="JSON Schemas that `#/$defs/Name` points at.")

    class Meta:
        ref_name = "FeatureDefinition"


@extend_schema_field(DefinitionShape)
class DefinitionField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


class FeatureRowShape(serializers.ModelSerializer[Feature]):
    """A feature in a list."""

    events = serializers.IntegerField(source="event_count", read_only=True)

    class Meta:
        model = Feature
        fields = ["id", "tag", "name", "description", "events", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "FeatureRow"


class FeatureShape(serializers.ModelSerializer[Feature]):
    """A feature as its draft stands."""

    definition = DefinitionField()

    class Meta:
        model = Feature
        fields = ["id", "tag", "name", "description", "definition", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Feature"


class SavedFeatureShape(FeatureShape):
    """A feature that was just saved, and what may go wrong with it all the same."""

    warnings = serializers.SerializerMethodField()

    class Meta(FeatureShape.Meta):
        fields = [*FeatureShape.Meta.fields, "warnings"]
        read_only_fields = fields
        ref_name = "SavedFeature"

    @extend_schema_field(FieldProblemShape(many=True))
    def get_warnings(self, row: Feature) -> list[dict[str, str]]:
        """Pointers lead into the body that was sent."""
        found: list[dict[str, str]] = self.context["warnings"]
        return found


class FeatureChange(serializers.Serializer[Any]):
    """What may change about a feature."""

    name = Text(max_length=120, required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)
    definition = DefinitionField(required=False)


class FeatureReplacement(FeatureChange):
    """All of a feature but its tag."""

    name = Text(max_length=120)
    description = Text(max_length=4000, required=False, allow_blank=True, default="")
    definition = DefinitionField()


class FeatureInput(FeatureReplacement):
    """A new feature."""

    tag = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")


class ExamineInput(serializers.Serializer[Any]):
    """A feature that is being written."""

    tag = Tag(required=False, default="", allow_blank=True)
    name = Text(max_length=120, required=False, default="Feature")
    definition = serializers.JSONField(allow_null=True, help_text="Whatever is there so far.")


class FindingsShape(serializers.Serializer[Any]):
    """Errors keep a feature from being saved, warnings do not."""

    errors = FieldProblemShape(many=True)  # type: ignore[assignment]  # a field of that name
    warnings = FieldProblemShape(many=True)

    class Meta:
        ref_name = "FeatureFindings"


class FeatureSearch(serializers.Serializer[Any]):
    """Filters of the list."""

    q = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
