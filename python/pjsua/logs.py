"""Where the library's log lines go: file, console or the program's callback, filtered and decorated as LogConfig says."""

from __future__ import annotations

import sys
import time
import traceback
from typing import IO, Optional

from .settings import LogConfig

TIME, MICROSECONDS, SENDER, NEWLINE = 16, 32, 64, 128


class LogWriter:
    """Writes lines as one LogConfig asks."""

    def __init__(self, cfg: LogConfig) -> None:
        self._cfg = cfg
        self._file: Optional[IO[str]] = None
        if cfg.filename:
            self._file = open(cfg.filename, "w", encoding="utf-8")  # noqa: SIM115 (lives as long as the Lib)

    @property
    def level(self) -> int:
        """The level that the library must log at: 0 to 5."""
        console = self._cfg.console_level
        return max(0, min(self._cfg.level, 5) if self._file else min(self._cfg.level, console, 5))

    def write(self, level: int, module: str, text: str) -> None:
        """Hands one line on."""
        if level > self._cfg.level:
            return
        line = self._decorated(module, text)
        try:
            self._put(level, line)
        except BaseException:  # noqa: BLE001 (neither a full disk nor the program's callback may end the worker)
            traceback.print_exc()

    def _put(self, level: int, line: str) -> None:
        if self._file:
            self._file.write(line)
            self._file.flush()
        if level > self._cfg.console_level:
            return
        if self._cfg.callback is None:
            sys.stdout.write(line)
        else:
            self._cfg.callback(level, line, len(line))

    def _decorated(self, module: str, text: str) -> str:
        decor, parts, now = self._cfg.decor, [], time.time()
        if decor & TIME:
            stamp = time.strftime("%H:%M:%S", time.localtime(now))
            parts.append(f"{stamp}.{int(now * 1000) % 1000:03d}" if decor & MICROSECONDS else stamp)
        if decor & SENDER:
            parts.append(f"{module:>14}")
        parts.append(text)
        return "  ".join(parts) + ("\n" if decor & NEWLINE or not decor else "")

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None
