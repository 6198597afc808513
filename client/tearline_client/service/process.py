"""The process of an unattended node: its signals, its ports and the daemon."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from tearline_client.config import Settings
from tearline_client.loop_health import LoopHealth
from tearline_client.node import Node
from tearline_client.notifications.channels import read_channels
from tearline_client.notifications.hooks import Hook
from tearline_client.service.daemon import run_daemon
from tearline_client.siem.syslog import SyslogSink, syslog_sink
from tearline_runtime.traces import tracing

Port = AbstractAsyncContextManager[str]
"""A port: open in its context, which gives the sentence that says so."""


async def run_process(
    node: Node,
    settings: Settings,
    *,
    report: Callable[[str], None],
    hooks: Sequence[Hook] = (),
    ports: Sequence[Port] = (),
) -> None:
    """Runs the node until SIGTERM or SIGINT, with the ports of its settings and further ones.

    Args:
        node: The open node.
        settings: Its settings.
        report: Called with each notable change.
        hooks: Commands to run on events.
        ports: Further ports, not open yet.

    Raises:
        SettingInvalid: If the file of notices, or the receiver of the audit, is invalid.
        TearlineError: As ``run_daemon``; or if a port cannot be opened.
    """
    channels = read_channels(settings.notices) if settings.notices else ()
    sinks = (sink_of(settings, node.uri),) if settings.syslog else ()
    stop, anew, pulse = asyncio.Event(), asyncio.Event(), LoopHealth()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, anew.set)
    async with AsyncExitStack() as opened:
        opened.enter_context(tracing(settings.traces, "tearline-node"))
        if settings.http:
            port = await opened.enter_async_context(node.log.serve(settings.http, report))
            report(f"Serving the log and cosigning on port {port}.")
        if settings.metrics:
            from tearline_client.service.http import monitored

            port = await opened.enter_async_context(
                monitored(settings.metrics, node, pulse, report, sinks)
            )
            report(f"Serving metrics and health on port {port}.")
        for further in ports:
            report(await opened.enter_async_context(further))
        await run_daemon(
            node,
            stop,
            report=report,
            hooks=hooks,
            channels=channels,
            sinks=sinks,
            pulse=pulse,
            anew=anew,
        )


def sink_of(settings: Settings, node: str) -> SyslogSink:
    """Returns the receiver of the audit that the settings name.

    Raises:
        SettingInvalid: If its address is invalid.
        ConfigUnreadable: If a file cannot be read.
    """
    return syslog_sink(
        settings.syslog,
        node,
        ca=settings.syslog_ca,
        certificate=settings.syslog_certificate,
        key=settings.syslog_key,
    )
