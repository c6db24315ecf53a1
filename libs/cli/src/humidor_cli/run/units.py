"""One supervised process: how to prepare, start, ask and stop it, and how it is doing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil

from humidor_cli.run.layout import Layout
from humidor_cli.run.probe import ask
from humidor_cli.services import ServiceSpec
from humidor_embedded.kafka import KafkaBroker
from humidor_embedded.mqtt import MqttBroker
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.process import Child

State = Literal["waiting", "preparing", "starting", "ready", "restarting", "failed", "stopped"]


@dataclass(kw_only=True)
class Unit:
    """What the supervisor keeps running.

    Args:
        prepare: Blocking work before each start; runs beside the loop.
        launch: Starts the process and returns at once; runs in the main thread, because the kernel ends
            the child when the thread that started it ends.
        answers: Whether the running process is ready for work.
        stop: Blocking; ends the process in good order.
        stage: Higher ones are stopped first.
    """

    name: str
    log: Path
    prepare: Callable[[], None]
    launch: Callable[[], Child]
    answers: Callable[[], Awaitable[bool]]
    stop: Callable[[], None]
    stage: int
    port: int | None = None
    state: State = "waiting"
    restarts: int = 0
    child: Child | None = None
    created: float = field(default=0.0)

    def start(self) -> Child:
        self.child = self.launch()
        try:
            self.created = psutil.Process(self.child.pid).create_time()
        except psutil.Error:
            self.created = 0.0
        return self.child

    def describe(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "pid": self.child.pid if self.child else None,
            "created": self.created,
            "port": self.port,
            "restarts": self.restarts,
            "log": str(self.log),
        }


def postgres_unit(server: PostgresServer) -> Unit:
    return _engine_unit("postgresql", server, server.prepare, stage=0)


def kafka_unit(broker: KafkaBroker, report_download: Callable[[int, int], None]) -> Unit:
    return _engine_unit("kafka", broker, lambda: broker.prepare(report_download), stage=1, port=broker.port)


def mqtt_unit(broker: MqttBroker) -> Unit:
    return _engine_unit("mqtt", broker, broker.prepare, stage=1, port=broker.port)


def _engine_unit(
    name: str,
    engine: PostgresServer | KafkaBroker | MqttBroker,
    prepare: Callable[[], None],
    *,
    stage: int,
    port: int | None = None,
) -> Unit:
    async def answers() -> bool:
        return await asyncio.to_thread(engine.is_ready)

    def launch() -> Child:
        engine.launch()
        return _started(engine.child)

    return Unit(
        name=name,
        log=engine.log,
        prepare=prepare,
        launch=launch,
        answers=answers,
        stop=engine.stop,
        stage=stage,
        port=port,
    )


def service_unit(layout: Layout, service: ServiceSpec, role: str) -> Unit:
    program = layout.program(service, role)
    port = layout.port_of(service, role)

    async def answers() -> bool:
        status, _ = await ask(port, "/readyz")
        return status == 200

    def stop() -> None:
        if unit.child is not None:
            unit.child.stop()

    unit = Unit(
        name=program.name,
        log=program.log,
        prepare=lambda: None,
        launch=lambda: Child(program),
        answers=answers,
        stop=stop,
        stage=3 if service.name == "gateway" else 2,
        port=port,
    )
    return unit


def _started(child: Child | None) -> Child:
    if child is None:
        raise RuntimeError("an engine that was launched has a child")
    return child
