"""Starts, watches and stops the processes of the local system."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine, Sequence

import psutil

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.run.class_cache import make_class_cache
from humidor_cli.run.databases import migrate, provision
from humidor_cli.run.first_steps import FirstSteps
from humidor_cli.run.keeper import Keeper
from humidor_cli.run.layout import MQTT_USER, Layout
from humidor_cli.run.log_rotation import keep_rotating
from humidor_cli.run.ports import check_gateway_port, choose_ports
from humidor_cli.run.report import Reporter, Summary
from humidor_cli.run.units import Unit, kafka_unit, mqtt_unit, postgres_unit, service_unit
from humidor_cli.services import SERVICES
from humidor_embedded.kafka import KafkaBroker
from humidor_embedded.mqtt import MqttBroker
from humidor_embedded.postgres import PostgresServer
from humidor_embedded.process import end_leftovers

EXIT_INTERRUPTED = 130


class Supervisor:
    """One run of the local system, from the first process to the last.

    Args:
        home: Where its state lies.
        report: Who is told what happens.
        sample: Whether a new system gets the sample business.
    """

    def __init__(self, home: Home, report: Reporter, *, sample: bool = True) -> None:
        self._home = home
        self._report = report
        self._sample = sample
        self._phase = "starting"
        self._keepers: list[Keeper] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._layout: Layout | None = None
        self._first_steps: FirstSteps | None = None

    async def run(self) -> int:
        """Returns the exit status: 0 after an orderly stop of a running system."""
        started = time.monotonic()
        self._home.prepare()
        with self._home.locked():
            self._recover()
            self._catch_signals()
            try:
                summary = await self._unless_stopped(self._bring_up(started))
                if summary is None:
                    return EXIT_INTERRUPTED
                self._phase = "ready"
                self._save()
                self._report.ready(summary)
                if self._first_steps is not None:
                    self._first_steps.forget_password()
                self._spawn(make_class_cache(self._home))
                await self._stop.wait()
            finally:
                await self._take_down()
        return 0

    def _recover(self) -> None:
        """Clear what a killed run left, before anything is looked at as taken."""
        units = self._home.read("state.json").get("units", {}).values()
        earlier = {(unit.get("pid"), unit.get("created")) for unit in units}
        count = end_leftovers(lambda p: (p.pid, p.create_time()) in earlier, [signal.SIGTERM])
        if count:
            self._report.note(f"ended {count} processes that an earlier run left behind")
        check_gateway_port(self._home.port)

    async def _bring_up(self, started: float) -> Summary:
        ports = choose_ports(self._home)
        postgres = PostgresServer(self._home.postgres, log=self._home.logs / "postgresql.log")
        kafka = KafkaBroker(
            self._home.kafka,
            port=ports["kafka"],
            controller_port=ports["kafka-controller"],
            log=self._home.logs / "kafka.log",
        )
        engines = self._keep([postgres_unit(postgres), kafka_unit(kafka, self._downloading)])
        self._spawn(keep_rotating(self._home.logs))
        await self._settled(engines[:1])
        layout = self._layout = Layout(
            self._home, ports, postgres, kafka.bootstrap_servers, self._mqtt_broker(ports["mqtt"])
        )
        self._report.step("databases", "running")
        await asyncio.to_thread(provision, layout)
        await migrate(layout)
        self._report.step("databases", "done")
        services = [service_unit(layout, spec, role) for spec in SERVICES for role in spec.roles]
        first = self._first_steps = FirstSteps(layout, self._report, sample=self._sample)
        await asyncio.gather(first.make_admin(), self._settled([*engines, *self._keep(services)]))
        # Nothing waits for it: the services run without, and take from it once it is there.
        if layout.mqtt is not None:
            self._keep([mqtt_unit(layout.mqtt)])
        return await first.take(started)

    def _mqtt_broker(self, port: int) -> MqttBroker | None:
        """Only where none is configured."""
        if os.environ.get("HUMIDOR_INVENTORY_MQTT_URL"):
            return None
        return MqttBroker(self._home.mqtt, port=port, log=self._home.logs / "mqtt.log", reader=MQTT_USER)

    async def _unless_stopped(self, work: Coroutine[None, None, Summary]) -> Summary | None:
        """The outcome of the work, or None when a signal came first."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, stop):
                each.cancel()
            await asyncio.wait({task, stop})

    async def _take_down(self) -> None:
        """Stop in reverse: first what takes requests, last what keeps the data."""
        self._phase = "stopping"
        self._report.note("stopping …")
        for keeper in self._keepers:
            keeper.stopping = True
        for stage in sorted({keeper.unit.stage for keeper in self._keepers}, reverse=True):
            units = [keeper.unit for keeper in self._keepers if keeper.unit.stage == stage]
            await asyncio.gather(*(asyncio.to_thread(unit.stop) for unit in units))
            for unit in units:
                unit.state = "stopped"
                self._changed(unit, "")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._phase = "stopped"
        self._save()
        self._report.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            return
        # The second time nothing is waited for; PostgreSQL and Kafka recover at the next start.
        self._report.close()
        for keeper in self._keepers:
            if keeper.unit.child is not None:
                keeper.unit.child.kill()
        os._exit(EXIT_INTERRUPTED)

    def _keep(self, units: Sequence[Unit]) -> list[Keeper]:
        keepers = [Keeper(unit, self._changed) for unit in units]
        self._keepers += keepers
        for keeper in keepers:
            self._spawn(keeper.run())
        return keepers

    async def _settled(self, keepers: Sequence[Keeper]) -> None:
        waiting = {asyncio.create_task(keeper.settled.wait()): keeper for keeper in keepers}
        try:
            for finished in asyncio.as_completed(waiting):
                await finished
                for keeper in keepers:
                    if keeper.failure:
                        raise CliError(keeper.failure)
        finally:
            for task in waiting:
                task.cancel()

    def _downloading(self, done: int, total: int) -> None:
        if done % 5 == 0 or done == total:
            self._report.step("kafka", "preparing", f"downloading, {done} of {total} files")

    def _changed(self, unit: Unit, words: str) -> None:
        self._report.step(unit.name, unit.state, words)
        self._save()

    def _save(self) -> None:
        layout = self._layout
        self._home.write(
            "state.json",
            {
                "pid": os.getpid(),
                "created": psutil.Process().create_time(),
                "phase": self._phase,
                "port": self._home.port,
                "url": f"http://127.0.0.1:{self._home.port}",
                "pos_url": layout.pos_url if layout else None,
                "units": {keeper.unit.name: keeper.unit.describe() for keeper in self._keepers},
            },
        )
