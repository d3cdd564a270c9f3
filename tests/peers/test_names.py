"""dnsmasq tells who serves a domain; calls go there, and to the next server when the first is not there."""

from __future__ import annotations

import pytest
from dnsmasq import DOMAIN, name_server, srv


@pytest.fixture
def servers(start, command, free_port):
    """Starts a phone that takes calls; returns it with its port."""
    def one():
        port = free_port()
        program = start([command, "answer", "--local", f"127.0.0.1:{port}", "--json", "--echo"])
        program.wait_for('"ready"')
        program.port = port
        return program
    return one


def call(start, command, resolver: str, uri: str):
    return start([command, "dial", uri, "--local", "127.0.0.1", "--nameserver", resolver, "--tone", "440", "--json",
                  "--duration", "1", "--timeout", "20"])


def naptr() -> str:
    return f"--naptr-record={DOMAIN},50,50,S,SIP+D2U,,_sip._udp.{DOMAIN}"


def test_srv_behind_naptr_leads_to_the_port(start, command, servers, name_server):
    """RFC 3263 4.1, 4.2."""
    phone = servers()
    caller = call(start, command, name_server(naptr(), srv(phone.port, 1)), f"sip:bob@{DOMAIN}")
    assert caller.wait(40) == 0, caller.text()
    assert phone.wait(10) == 0, phone.text()


def test_the_second_server_takes_over(start, command, servers, name_server, free_port):
    """RFC 3263 4.3: nobody listens at the first."""
    phone = servers()
    resolver = name_server(srv(free_port(), 1), srv(phone.port, 2))
    caller = call(start, command, resolver, f"sip:bob@{DOMAIN}")
    assert caller.wait(40) == 0, caller.text()
    assert phone.wait(10) == 0, phone.text()


def test_a_domain_without_records_is_not_there(start, command, name_server):
    caller = call(start, command, name_server(), "sip:bob@nobody.example.test")
    assert caller.wait(60) not in (0, 2), caller.text()
