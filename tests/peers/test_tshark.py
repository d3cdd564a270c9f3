"""Wireshark as the judge of everything that one of our calls puts on the wire: SIP, SDP, RTP, events, RTCP."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

MARK = b"the call is over"
MAX_GAP_MS = 400.0  # between two packets of a stream; a busy machine is late, but not by that


@pytest.fixture
def capture(need, start, tmp_path) -> Iterator[Callable[[], Path]]:
    """What passes over UDP and TCP on the loopback interface from now on; calling it ends that and gives the file."""
    file = tmp_path / "all.pcapng"
    dumpcap = start([need("dumpcap"), "-i", "lo", "-f", "udp or tcp", "-B", "16", "-w", file])
    try:
        dumpcap.wait_for("File:", 10)
    except AssertionError:
        pytest.skip(f"no right to capture here: {dumpcap.text().strip()[-200:]}")

    def stop() -> Path:
        # What the kernel still holds is lost at the end: so wait for a mark to come through behind the call.
        end = time.monotonic() + 20
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            while MARK not in file.read_bytes():
                assert time.monotonic() < end, dumpcap.text()
                s.sendto(MARK, ("127.0.0.1", 9))
                time.sleep(0.05)
        dumpcap.process.send_signal(signal.SIGINT)
        assert dumpcap.wait(20) == 0, dumpcap.text()
        return file

    yield stop


class Judge:
    """tshark over one file, told which port speaks SIP."""

    def __init__(self, program: str, file: Path, sip_port: int) -> None:
        self.program, self.file, self.port = program, file, sip_port

    def run(self, *options: str) -> str:
        said = subprocess.run([self.program, "-n", "-r", str(self.file), "-d", f"udp.port=={self.port},sip", "-d",
                               f"tcp.port=={self.port},sip", *options],
                              capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said.stderr
        return said.stdout

    def rows(self, filter: str, *fields: str) -> list[list[str]]:
        options = [part for field in fields for part in ("-e", field)]
        return [line.split("\t") for line in self.run("-Y", filter, "-T", "fields", *options).splitlines()]

    def only(self, filter: str) -> "Judge":
        """Only these packets, in a file of their own."""
        file = self.file.with_name("ours.pcapng")
        self.run("-Y", filter, "-w", str(file))
        return Judge(self.program, file, self.port)


def test_a_call_as_wireshark_sees_it(need, start, command, free_port, capture):
    port = free_port()
    callee = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--tone", "500", "--ring", "0.2"])
    callee.wait_for('"ready"')
    caller = start([command, "dial", f"sip:bob@127.0.0.1:{port}", "--local", "127.0.0.1", "--json", "--tone", "440",
                    "--dtmf", "19*", "--duration", "6", "--timeout", "10"])
    assert caller.wait(30) == 0, caller.text()
    assert callee.wait(10) == 0, callee.text()
    all_of_it = Judge(need("tshark"), capture(), port)

    media = [int(row[0].split(" ")[0]) for row in all_of_it.rows(f"udp.port=={port} && sdp", "sdp.media.port")]
    assert len(media) == 2
    ports = ", ".join(str(p) for p in (port, *media, *(p + 1 for p in media)))
    ours = all_of_it.only(f"udp.port in {{{ports}}}")

    told = [a or b for a, b in ours.rows("sip", "sip.Method", "sip.Status-Code")]
    assert told == ["INVITE", "180", "200", "ACK", "BYE", "200"]
    assert ours.rows("_ws.malformed || _ws.expert.severity >= 0x600000", "frame.number", "_ws.expert.message") == []
    assert ours.rows("!(sip || rtp || rtcp)", "frame.number", "data.data") == []

    # The caller's digits as events; both sides' reports, the last with a BYE (RFC 3550 6.6).
    events = {row[0] for row in ours.rows("rtpevent", "rtpevent.event_id")}
    assert events == {"1", "9", "10"}
    reports = ours.rows("rtcp", "udp.srcport", "rtcp.pt", "rtcp.ssrc.fraction")
    assert {int(row[0]) for row in reports} == {p + 1 for p in media}
    assert all(row[1].startswith(("200", "201")) for row in reports), reports
    assert sum("203" in row[1] for row in reports) == 2, reports

    # Metrics of both sides, whole and sound (RFC 3611 4.7): nothing lost, R near the 93 of a call without delay.
    metrics = ours.rows("rtcp.xr.bt == 7", "rtcp.xr.bl", "rtcp.xr.voipmetrics.gmin", "rtcp.xr.voipmetrics.rfactor",
                        "rtcp.xr.voipmetrics.moslq", "rtcp.ssrc.fraction")
    assert len(metrics) >= 2, ours.rows("rtcp", "rtcp.pt", "rtcp.xr.bt")
    assert all(row[0] == "8" and row[1] == "16" for row in metrics), metrics
    assert any(85 <= int(row[2]) <= 94 for row in metrics), metrics

    streams = [line.split() for line in ours.run("-q", "-z", "rtp,streams").splitlines() if "127.0.0.1" in line]
    assert len(streams) == 2
    for row in streams:
        line = " ".join(row)
        assert "0 (0.0%)" in line, line
        max_delta = float(line.split("%)")[1].split()[2])
        assert 0 < max_delta < MAX_GAP_MS, line


def test_tcp_as_wireshark_sees_it(need, start, command, free_port, capture):
    """One connection; its segments are put together again to messages, and all of them are sound."""
    port = free_port()
    callee = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", "tcp", "--json", "--tone", "500",
                    "--ring", "0.2"])
    callee.wait_for('"ready"')
    caller = start([command, "dial", f"sip:bob@127.0.0.1:{port};transport=tcp", "--local", "127.0.0.1", "--transport", "tcp",
                    "--json", "--tone", "440", "--duration", "0.5", "--timeout", "10", "-H", f"X-Long: {'long ' * 800}"])
    assert caller.wait(30) == 0, caller.text()
    assert callee.wait(10) == 0, callee.text()
    ours = Judge(need("tshark"), capture(), port).only(f"tcp.port == {port}")
    told = [word for row in ours.rows("sip", "sip.Method", "sip.Status-Code") for word in row if word]
    assert told == ["INVITE", "180", "200", "ACK", "BYE", "200"]
    assert len({row[0] for row in ours.rows("tcp", "tcp.stream")}) == 1
    assert ours.rows("_ws.malformed || _ws.expert.severity >= 0x600000", "frame.number", "_ws.expert.message") == []


@pytest.mark.parametrize("kind, uri", [("udp", "sip:bob@127.0.0.1:{}"), ("tcp", "sip:bob@127.0.0.1:{};transport=tcp"),
                                       ("tls", "sip:bob@127.0.0.1:{};transport=tls"),
                                       ("wss", "sips:bob@127.0.0.1:{};transport=ws")])
def test_our_own_capture_of_a_call_reads_as_sip(need, start, command, free_port, pem, tmp_path, kind, uri):
    """--pcap writes what Wireshark reads: every message, as it was inside of TLS, sound checksums, nothing malformed."""
    port, file = free_port(), tmp_path / "trace.pcap"
    callee = start([command, "answer", "--local", f"127.0.0.1:{port}", "--transport", kind, "--cert", pem / "cert.pem", "--key",
                    pem / "key.pem", "--json", "--tone", "500"])
    callee.wait_for('"ready"')
    caller = start([command, "dial", uri.format(port), "--local", "127.0.0.1", "--transport", kind, "--ca", pem / "cert.pem",
                    "--cert", pem / "cert.pem", "--key", pem / "key.pem", "--json", "--duration", "0.5", "--tone", "440",
                    "--pcap", file, "--ladder"])
    assert caller.wait(30) == 0, caller.text()
    assert callee.wait(10) == 0, callee.text()
    judge = Judge(need("tshark"), file, port)
    told = [a or b for a, b in judge.rows("sip", "sip.Method", "sip.Status-Code")]
    assert told == ["INVITE", "200", "ACK", "BYE", "200"]
    checks = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    assert judge.run("-Y", "_ws.malformed || _ws.expert.severity >= 0x600000", *checks) == ""
    ladder = next(line for line in caller.text().splitlines() if '"ladder"' in line)
    assert ladder.index(" INVITE ") < ladder.index("200 OK (INVITE") < ladder.index(" BYE ") < ladder.index("200 OK (BYE")
