"""The module lock: re-entrant, held while callbacks run. auto_lock() hands out a guard for it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Optional, Type


class ModuleLock:
    """A re-entrant lock whose hold can be given back by another thread than the one that took it.

    That is what the old guard needs: it lets go when it is deleted, and the garbage collector may run anywhere.
    """

    def __init__(self) -> None:
        self._free = threading.Condition()  # re-entrant: a guard may be collected while its thread is in here
        self._owner: Optional[int] = None
        self._depth = 0

    def acquire(self) -> int:
        """Waits for the lock; returns the owner to give to release()."""
        me = threading.get_ident()
        with self._free:
            while self._owner not in (None, me):
                self._free.wait(1.0)  # not for ever: such a release may fall between the look and the wait
            self._owner = me
            self._depth += 1
        return me

    def release(self, owner: Optional[int] = None) -> None:
        """Gives back one hold of `owner` (this thread when None)."""
        with self._free:
            if self._owner != (threading.get_ident() if owner is None else owner):
                raise RuntimeError("the module lock is not held by that thread")
            self._depth -= 1
            if not self._depth:
                self._owner = None
                self._free.notify()

    def __enter__(self) -> "ModuleLock":
        self.acquire()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()


class LockGuard:
    """Holds the module lock until it is deleted, or until the end of a with block."""

    def __init__(self, lock: ModuleLock) -> None:
        self._lock: Optional[ModuleLock] = lock
        self._owner = lock.acquire()

    def release(self) -> None:
        """Lets go; harmless when it has."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release(self._owner)

    def __enter__(self) -> "LockGuard":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()
