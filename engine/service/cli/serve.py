"""`execgraph serve`: the engine behind its REST facade, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import msgspec

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`; what is not given comes from the configuration."""
    parser.add_argument("--config", type=Path, help="a TOML file; without one the sandbox")
    parser.add_argument("--host", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port, 0 for a free one (8080)")
    parser.add_argument("--data-dir", help="where journal, keys and trail are kept")
    parser.add_argument("--durability", choices=("async", "accepted"), help="what a submit awaits")
    parser.add_argument("--allow-host", action="append", default=[], help="a further host name")
    parser.add_argument("--on-stop", choices=("leave", "cancel"), help="what becomes of orders")
    parser.add_argument("--log-level", choices=("debug", "info", "warning"), help="of the log")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly stop."""
    import uvloop

    from engine.errors import ConfigError
    from engine.service.config import EngineConfig, load_config
    from engine.service.data_dir import default_data_dir
    from engine.service.json_log import JsonFormatter

    # Journal, keys and positions are nobody else's business.
    os.umask(0o077)
    config = load_config(options.config) if options.config else EngineConfig()
    rest = config.rest
    changes = {
        "host": options.host,
        "port": options.port,
        "on_stop": options.on_stop,
        "log_level": options.log_level,
        "allow_hosts": (*rest.allow_hosts, *options.allow_host),
    }
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        rest = msgspec.convert({**msgspec.structs.asdict(rest), **given}, type(rest))
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from None
    folder = options.data_dir or config.data_dir or str(default_data_dir())
    durability = options.durability or config.durability
    config = msgspec.structs.replace(config, data_dir=folder, rest=rest, durability=durability)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=rest.log_level.upper(), handlers=[handler])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(config))


async def serve(config: object) -> int:
    """Start, say where, wait, stop."""
    from engine.service.cli.progress import progress_bar
    from engine.service.config import EngineConfig
    from engine.service.rest.service import RestService, is_loopback

    assert isinstance(config, EngineConfig)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with progress_bar("compiling kernels") as bar:
        told = None if bar is None else lambda done, total, name: bar(done, total)
        service = RestService(config, progress=told)
        await service.__aenter__()
    try:
        if not service.desk.keys.list():
            print(
                "no API key yet; make one with 'execgraph keys create --sandbox'", file=sys.stderr
            )
        if not is_loopback(config.rest.host):
            print(
                "beyond this machine: put a proxy with TLS in front, keys travel in the clear",
                file=sys.stderr,
            )
        print(f"listening on {service.url}", flush=True)
        await stop.wait()
    finally:
        await service.__aexit__(None, None, None)
    print(f"stopped (process {os.getpid()})", file=sys.stderr)
    return 0
