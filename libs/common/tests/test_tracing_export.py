"""Spans reach an OpenTelemetry collector when one is configured: the wire format is OTLP over HTTP."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PROGRAM = f"""
from humidor_common.telemetry.traces import configure_tracing, span
from opentelemetry import trace
configure_tracing("demo")
with span("http request", parent="00-{TRACE_ID}-00f067aa0ba902b7-01") as outer:
    with span("inner"):
        pass
print(outer)
trace.get_tracer_provider().shutdown()
"""


class Collector(HTTPServer):
    """A contract fake of a collector: it takes OTLP requests on /v1/traces and keeps them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.requests: list[ExportTraceServiceRequest] = []


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def test_spans_continue_the_callers_trace_at_the_collector() -> None:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        collector.shutdown()
    assert done.stdout.startswith(f"00-{TRACE_ID}-")
    resources = [resource for request in collector.requests for resource in request.resource_spans]
    spans = {span.name: span for each in resources for scope in each.scope_spans for span in scope.spans}
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE_ID}
    assert spans["http request"].parent_span_id.hex() == "00f067aa0ba902b7"
    assert spans["inner"].parent_span_id == spans["http request"].span_id
    names = {each.key: each.value.string_value for each in resources[0].resource.attributes}
    assert names["service.name"] == "humidor-demo"
