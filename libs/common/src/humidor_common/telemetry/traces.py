"""W3C trace context from HTTP through the outbox and Kafka to the consumer.

Ids are always made and passed on; spans are exported only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_propagator = TraceContextTextMapPropagator()
_exporting = False


def configure_tracing(service: str) -> None:
    """Export spans over OTLP/HTTP when an endpoint is configured; otherwise only pass ids on."""
    global _exporting  # noqa: PLW0603 - the OpenTelemetry SDK is itself one per process
    if _exporting or not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"humidor-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    _exporting = True


def current_traceparent() -> str | None:
    """Give the `traceparent` of the work in hand, None outside of any."""
    return _current.get()


def current_trace_id() -> str | None:
    return trace_id_of(_current.get())


def trace_id_of(traceparent: str | None) -> str | None:
    return traceparent[3:35] if traceparent else None


@contextmanager
def span(name: str, *, parent: str | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[str]:
    """Work under a span that continues `parent` (a traceparent), or starts a trace when there is none."""
    parent = parent if parent and _TRACEPARENT.match(parent) else None
    if not _exporting:
        token = _current.set(_child(parent))
        try:
            yield _current.get() or ""
        finally:
            _current.reset(token)
        return
    context = _propagator.extract({"traceparent": parent}) if parent else None
    with trace.get_tracer("humidor").start_as_current_span(name, context=context, kind=kind) as active:
        ids = active.get_span_context()
        made = f"00-{format_trace_id(ids.trace_id)}-{format_span_id(ids.span_id)}-{ids.trace_flags:02x}"
        token = _current.set(made)
        try:
            yield made
        finally:
            _current.reset(token)


def _child(parent: str | None) -> str:
    if parent:
        return f"{parent[:36]}{os.urandom(8).hex()}-{parent[-2:]}"
    ids = os.urandom(24).hex()  # one call for both: it is a system call for every request
    return f"00-{ids[:32]}-{ids[32:]}-01"
