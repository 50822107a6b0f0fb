"""OpenTelemetry traces, sent only where OTEL_EXPORTER_OTLP_ENDPOINT names a collector; needs `ductape[otel]`.

Outgoing calls of actions get no trace headers: what a remote side sees is what its description says, nothing of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from django.http import HttpRequest, HttpResponse

from ductape_site import env
from ductape_site.request_times import route_of

# Addresses may carry invitations, resets and values of filters: a span names the route instead.
ADDRESSES = ("http.url", "http.target", "url.full", "url.path", "url.query")


def begin(service: str) -> bool:
    """Trace this process; False when no collector is named. Raises SettingError without the packages, which are loaded
    only here: they take their memory only from those who use them."""
    if not env.text("OTEL_EXPORTER_OTLP_ENDPOINT", ""):
        return False
    if importlib.util.find_spec("opentelemetry") is None:
        raise env.SettingError("OTEL_EXPORTER_OTLP_ENDPOINT: the packages of ductape[otel] are not installed")
    provider = _provider(env.text("OTEL_SERVICE_NAME", f"ductape-{service}"))
    _module("trace").set_tracer_provider(provider)
    instrumentation = _module("instrumentation.django").DjangoInstrumentor()
    instrumentation.instrument(tracer_provider=provider, request_hook=_hide_address, response_hook=_name_route)
    _module("instrumentation.psycopg").PsycopgInstrumentor().instrument(tracer_provider=provider)
    _module("instrumentation.celery").CeleryInstrumentor().instrument(tracer_provider=provider)
    return True


def _provider(service: str) -> Any:
    exporter = _module("exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
    resource = _module("sdk.resources").Resource.create({"service.name": service})
    provider = _module("sdk.trace").TracerProvider(resource=resource)
    provider.add_span_processor(_module("sdk.trace.export").BatchSpanProcessor(exporter))
    return provider


def _hide_address(span: Any, _request: HttpRequest) -> None:
    for name in ADDRESSES:
        span.set_attribute(name, "")


def _name_route(span: Any, request: HttpRequest, _response: HttpResponse) -> None:
    span.update_name(f"{request.method} {route_of(request)}")


def _module(name: str) -> Any:
    return importlib.import_module(f"opentelemetry.{name}")
