"""pjsua.enable_trace: tells on stdout when objects come and go."""

from __future__ import annotations

import sys


def trace(text: str) -> None:
    """Prints the text between ** when the program asked for it; harmless while the interpreter ends."""
    module = sys.modules.get("pjsua") if sys.modules else None
    if getattr(module, "enable_trace", False):
        print(f"** {text} **")
