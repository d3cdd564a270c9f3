"""Kamailio as registrar and proxy on loopback, with a configuration of its own; it may be killed and started again on the
same port. Its bindings live in its memory, so a restart forgets them.

    with a proxy: Kamailio
    proxy.start(); ...; proxy.kill(); proxy.start()
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

CONFIG = """\
debug=2
log_stderror=yes
fork=yes
children=1
auto_aliases=no
listen=udp:127.0.0.1:{port}
disable_tcp=yes
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", {min_s})
modparam("registrar", "max_expires", {max_s})
modparam("registrar", "gruu_enabled", 1)
modparam("registrar", "outbound_mode", 0)
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here"); exit;
    }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (is_method("REGISTER")) {{
        {challenge}
        if (!save("location")) sl_reply_error();
        exit;
    }}
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Nobody"); exit; }}
    t_relay();
}}
"""
CHALLENGE = """if (!pv_www_authenticate("kamailio", "{password}", "0")) {{ www_challenge("kamailio", "1"); exit; }}"""


class Kamailio:
    """One instance on one port; `password` is everybody's, None lets all in."""

    def __init__(self, program: str, folder: Path, port: int, *, password: str | None = None, min_s: int = 1,
                 max_s: int = 3600) -> None:
        self.port, self._folder, self._program = port, folder, program
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        challenge = CHALLENGE.format(password=password) if password else ""
        (folder / "kamailio.cfg").write_text(CONFIG.format(port=port, min_s=min_s, max_s=max_s, challenge=challenge))

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Returns when it answers."""
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-DD", "-E", "-f", self._folder / "kamailio.cfg", "-Y", self._folder, "-m", "32", "-M", "8"],
                stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 30
        while not self._answers():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
            assert self._process.returncode is None and time.monotonic() < deadline, self.log()

    def _answers(self) -> bool:
        """One OPTIONS; half a second for whatever answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect(("127.0.0.1", self.port))
            own = s.getsockname()[1]
            try:
                s.send((f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}\r\n"
                        f"From: <sip:t@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {own}\r\nCSeq: 1 OPTIONS\r\n"
                        "Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n").encode())
                return s.recv(4096).startswith(b"SIP/2.0 ")
            except OSError:
                return False

    def kill(self) -> None:
        """As a crash does it: no word to anybody. Its whole family, by its process group."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
