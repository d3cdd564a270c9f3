"""Kamailio as registrar and proxy on loopback, with a configuration of its own; it may be killed and started again on the
same ports. Its bindings live in its memory, so a restart forgets them, and its nonces are no longer known.

    proxy = Kamailio(...); proxy.start(); ...; proxy.kill(); proxy.start()
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

CONFIG = """\
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
tcp_accept_no_cl=yes
tcp_connection_lifetime=3605
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{tls_listen}
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
loadmodule "path.so"
loadmodule "htable.so"
loadmodule "auth.so"
loadmodule "nathelper.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", {min_s})
modparam("registrar", "max_expires", {max_s})
modparam("registrar", "gruu_enabled", 1)
modparam("registrar", "outbound_mode", 0)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("htable", "htable", "users=>size=4;")
modparam("auth", "algorithm", "{algorithm}")
{tls_params}
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    force_rport();
    # RFC 7118 5.5: nobody can connect to a client of WebSocket, so its Contact carries its connection.
    if (nat_uac_test("64")) {{
        if (is_method("REGISTER")) fix_nated_register();
        else add_contact_alias();
    }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{
            if ($du == "") handle_ruri_alias();
            # RFC 5627 5.1: a Contact that is a GRUU leads to where that device is now.
            if (is_gruu()) lookup("location");
            t_relay(); exit;
        }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here"); exit;
    }}
    route({role});
}}
route[REGISTRAR] {{
    if (is_method("REGISTER")) {{
        if ({asks} && !pv_www_authenticate("kamailio", "$sht(users=>$au)", "0")) {{
            www_challenge("kamailio", "1"); exit;
        }}
        if (!save("location")) sl_reply_error();
        exit;
    }}
    # Who comes by way of another proxy was asked there, or is nobody's business here.
    if ({asks} && !is_method("ACK") && !has_totag()) {{
        if (!pv_proxy_authenticate("kamailio", "$sht(users=>$au)", "0")) {{
            proxy_challenge("kamailio", "1"); exit;
        }}
        consume_credentials();
    }}
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Nobody"); exit; }}
    t_relay();
}}
route[EDGE] {{
    # RFC 3327: the registrar is told to come back this way, with our Path as Route.
    if ($sp == {registrar}) {{ loose_route(); record_route(); t_relay(); exit; }}
    if (is_method("REGISTER")) add_path();
    else record_route();
    $du = "sip:127.0.0.1:{registrar}";
    t_relay();
}}
onreply_route {{
    if (nat_uac_test("64")) add_contact_alias();
}}
event_route[xhttp:request] {{
    set_reply_close();
    set_reply_no_connect();
    if ($hdr(Upgrade) =~ "websocket" && $hdr(Connection) =~ "Upgrade" && $rm =~ "GET" && ws_handle_handshake()) exit;
    xhttp_reply("404", "Not Found", "", "");
}}
event_route[htable:mod-init] {{
    {users}
}}
"""
TLS_PARAMS = """\
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "{pem}/key.pem")
modparam("tls", "certificate", "{pem}/cert.pem")
modparam("tls", "ca_list", "{pem}/cert.pem")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 0)
"""


class Kamailio:
    """One instance. `port` is that of UDP, TCP and WebSocket, `tls_port` that of TLS and WebSocket over it, with the
    certificate in the folder `pem`. `users` {name: password} are asked who they are; None: nobody is. With `registrar` it
    is the edge in front of the one on that port."""

    def __init__(self, program: str, folder: Path, port: int, *, tls_port: int = 0, pem: Path | None = None,
                 users: dict[str, str] | None = None, algorithm: str = "MD5", registrar: int = 0, min_s: int = 1,
                 max_s: int = 3600) -> None:
        self.port, self.tls_port, self._folder, self._program = port, tls_port, folder, program
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        known = "".join(f'$sht(users=>{name}) = "{password}";' for name, password in (users or {}).items())
        (folder / "kamailio.cfg").write_text(CONFIG.format(
            port=port, min_s=min_s, max_s=max_s, algorithm=algorithm, asks="1" if users else "0", users=known or "return;",
            registrar=registrar, role="EDGE" if registrar else "REGISTRAR",
            tls_listen=f"enable_tls=yes\nlisten=tls:127.0.0.1:{tls_port}" if tls_port else "",
            tls_params=TLS_PARAMS.format(pem=pem) if tls_port else ""))

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


@pytest.fixture
def kamailio(need: Callable[[str], str], free_port: Callable[[], int], tmp_path: Path,
             pem: Path) -> Iterator[Callable[..., Kamailio]]:
    """A factory of running ones with all transports; they are killed at the end."""
    made: list[Kamailio] = []

    def one(**options: object) -> Kamailio:
        it = Kamailio(need("kamailio"), tmp_path / f"kamailio{len(made)}", free_port(), tls_port=free_port(), pem=pem,
                      **options)  # type: ignore[arg-type]
        made.append(it)
        it.start()
        return it

    yield one
    for it in made:
        it.kill()
