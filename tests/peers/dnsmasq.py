"""dnsmasq as the name server of a domain that is nowhere else."""

from __future__ import annotations

from typing import Callable

import pytest

DOMAIN = "phones.example.test"


@pytest.fixture
def name_server(start, need, free_port) -> Callable[..., str]:
    """A name server with these records of its own; its address."""
    def one(*records: str) -> str:
        port = free_port()
        program = start([need("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", f"--port={port}", "--no-resolv",
                         "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--log-facility=-",
                         "--log-queries", "--user=", "--pid-file=", "--local-ttl=60",
                         "--host-record=one.example.test,127.0.0.1", *records])
        program.wait_for("started")
        return f"127.0.0.1:{port}"
    return one


def srv(port: int, priority: int) -> str:
    return f"--srv-host=_sip._udp.{DOMAIN},one.example.test,{port},{priority},10"
