"""Extended reports (RFC 3611) between linphone and us over a wire that loses packets. What each says of the other is held
against what the wire did, and what linphone read in ours against what it tells its collector (RFC 6035)."""

from __future__ import annotations

import re
import socket
import threading
from typing import Iterator

import pytest
from media_wire import media_wire
from test_linphone import events, linphone, quit_linphone

LOSE = 0.1


class Collector:
    """Answers every request with 200 and keeps the reports; text() is the last one."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.reports: list[str] = []
        self.came = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(65536)
            if not data:
                return
            head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
            kept = [line for line in head.split("\r\n")[1:] if re.match(r"(?i)(via|from|to|call-id|cseq):", line)]
            answer = ["SIP/2.0 200 OK", *kept, "SIP-ETag: one", "Expires: 60", "Content-Length: 0", "", ""]
            self._socket.sendto("\r\n".join(answer).encode(), peer)
            if head.startswith("PUBLISH") and "VQSession" in body:
                self.reports.append(body)
                self.came.set()

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def read(metrics: str) -> dict[str, float]:
    """The numbers of one side in a report."""
    return {name: float(value) for name, value in re.findall(r"\b([A-Z]+)=([\d.]+)(?=\s)", metrics)}


def account(collector: Collector) -> str:
    at = f"127.0.0.1:{collector.port}"
    return f"""\
[proxy_0]
reg_proxy=<sip:{at}>
reg_identity=sip:bob@127.0.0.1
reg_sendregister=0
quality_reporting_enabled=1
quality_reporting_collector=sip:collector@{at}
quality_reporting_interval=0
"""


def assert_told(ours: dict, wire, us: int) -> None:
    """Of both directions, against what the wire did: told some seconds earlier, so not to the packet."""
    for figure, side in (("rx_loss_percent", us), ("tx_loss_percent", 1 - us)):
        share = 100 * wire.lost[side] / (wire.lost[side] + wire.passed[side])
        assert share > 3, (wire.lost, wire.passed)
        assert ours[figure] == pytest.approx(share, abs=5), (figure, share, ours)
    assert ours["tx_told"] is True
    assert 20 < ours["tx_r"] < 85 and 20 < ours["rx_all_r"] < 85, ours
    assert 0 < ours["rtt_ms"] < 500


def test_linphone_and_we_tell_one_another_what_a_wire_lost(start, command, linphone, collector, media_wire, speech):
    phone = linphone("-a", config=account(collector))
    wire = media_wire(phone.port, seed=5, lose=LOSE)
    ours = start([command, "dial", f"sip:bob@127.0.0.1:{wire.port}", "--local", "127.0.0.1", "--play", speech["alice"], "--loop",
                  "--duration", "8", "--stats", "0.5", "--json", "--timeout", "10"])
    assert ours.wait(30) == 0, ours.text() + phone.text()
    told = next(e for e in events(ours) if e["event"] == "call.stats")
    assert collector.came.wait(20), phone.text()
    quit_linphone(phone)
    assert_told(told, wire, 0)
    # What linphone has read in the last of our reports: the concealment and the buffer that we have (RFC 3611 4.7.6, 4.7.7),
    # and the figures that we told our own program when that report left.
    remote = read(collector.reports[-1].partition("RemoteMetrics:")[2])
    assert remote["PLC"] == 3 and remote["JBA"] == 3 and remote["JBX"] == 500, remote
    at_times = [e for e in events(ours) if e["event"] == "call.quality" and e["rx_all_mos_lq"] > 0]
    for theirs, figure, unit, off in (("MOSLQ", "rx_all_mos_lq", 1, 0.06), ("MOSCQ", "rx_all_mos_cq", 1, 0.06),
                                      ("NLR", "rx_loss_percent", 100, 0.06)):
        assert min(abs(remote[theirs] - e[figure] / unit) for e in at_times) <= off, (theirs, remote, at_times)
    assert remote["RTD"] < 500


def test_linphone_calls_us_over_a_wire_that_loses(start, command, linphone, media_wire, speech, free_port):
    phone, port = linphone(), free_port()
    ours = start([command, "answer", "--local", f"127.0.0.1:{port}", "--play", speech["alice"], "--loop", "--duration", "8",
                  "--json", "--timeout", "15"])
    ours.wait_for('"ready"')
    wire = media_wire(port, seed=6, lose=LOSE)
    phone.write(f"call sip:alice@127.0.0.1:{wire.port}\n")
    assert ours.wait(30) == 0, ours.text() + phone.text()
    quit_linphone(phone)
    assert_told(next(e for e in events(ours) if e["event"] == "call.stats"), wire, 1)
