"""Word to systemd about the service's state, as sd_notify(3) defines it.

Promises: does nothing when systemd did not ask (no ``NOTIFY_SOCKET``); never waits and never
fails because of systemd. Limits: unix sockets only, by path or abstract (``@name``).
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio
import structlog

__all__ = ("Notifier",)

_log = structlog.get_logger("notify")


@dataclass(frozen=True, slots=True)
class Notifier:
    """Speaks to the service manager; build it with `from_environ`."""

    address: str | None
    """Path of the socket, or ``@name`` for an abstract one; None: nobody listens."""
    watchdog_s: float | None
    """How often systemd wants a sign of life, at the latest; None: never."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], pid: int | None = None) -> "Notifier":
        """Read ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
        address = environ.get("NOTIFY_SOCKET") or None
        if address is not None and address[0] not in "/@":
            _log.warning("notify socket has an unknown form", address=address)
            address = None
        usec = environ.get("WATCHDOG_USEC", "")
        meant_for = environ.get("WATCHDOG_PID", "")
        ours = not meant_for or meant_for == str(os.getpid() if pid is None else pid)
        wanted = ours and usec.isascii() and usec.isdigit() and int(usec) > 0
        return cls(address, int(usec) / 1_000_000 if wanted else None)

    def ready(self) -> None:
        """The service takes work."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for people, shown by ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def stopping(self) -> None:
        """The service drains and will end."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    async def feed_watchdog(self, alive: Callable[[], bool]) -> None:
        """Give signs of life twice per interval while ``alive()``; ends at once if none are wanted.

        It runs on the event loop on purpose: a blocked loop gives no sign and is restarted.
        """
        while self.watchdog_s is not None:
            if alive():
                self.watchdog()
            await anyio.sleep(self.watchdog_s / 2)

    def _send(self, message: str) -> None:
        if self.address is None:
            return
        target = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(message.encode(), target)
            except OSError as error:
                _log.warning("systemd did not take a message", sent=message, error=str(error))
