"""SIPp's scenarios in a few words: a test lists what is sent and what must come, in order; anything else fails it.

A scenario is written from SIPp's side. `caller` scenarios send the first INVITE, `callee` scenarios receive it. Each
message has a name of its own in its branch, so that a CANCEL or an ACK can say whom it belongs to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

from conftest import Program

OURS = '"sipp" <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]'
THEIRS = "<sip:service@[remote_ip]:[remote_port]>"
ANY = 'optional="true"'
KEPT = ("Via", "From", "To", "CSeq")


def sdp(direction: str = "sendrecv", version: int = 1, lines: str = "") -> str:
    """A description with PCMU; media goes to SIPp's media port."""
    return (f"v=0\no=sipp 53655765 {version} IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n"
            f"m=audio [media_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\na={direction}\n{lines}")


def _message(first: str, headers: list[str], body: str, kind: str = "application/sdp") -> str:
    kinds = [f"Content-Type: {kind}"] if body else []
    return "\n".join([first, *headers, *kinds, "Content-Length: [len]", "", body])


def _send(text: str, attributes: str = "") -> str:
    return f"<send {attributes}><![CDATA[\n{text}\n]]></send>\n"


def request(method: str, cseq: int = 1, *, branch: str = "", to: str = "[peer_tag_param]",
            extra: tuple[str, ...] = (), body: str = "", port: str = "[local_port]",
            raw_length: int | None = None) -> str:
    """A request of a caller. `to` follows the URI of To."""
    name = branch or f"{method}{cseq}"
    headers = [f"Via: SIP/2.0/[transport] [local_ip]:{port};branch=z9hG4bK-[pid]-[call_number]-{name}",
               f"From: {OURS}", f"To: {THEIRS}{to}", "Call-ID: [call_id]", f"CSeq: {cseq} {method}",
               "Max-Forwards: 70", f"Contact: <sip:sipp@[local_ip]:{port}>", *extra]
    text = _message(f"{method} sip:service@[remote_ip]:[remote_port] SIP/2.0", headers, body)
    if raw_length is not None:
        text = text.replace("Content-Length: [len]", f"Content-Length: {raw_length}")
    return _send(text, "" if method == "ACK" else 'retrans="500"')


def from_callee(method: str, cseq: int, *, tag: str = "1", body: str = "", branch: str = "",
                port: str = "[local_port]", extra: tuple[str, ...] = (), kind: str = "application/sdp") -> str:
    """A request of a callee inside the dialog of the INVITE that expect_call() took."""
    headers = [f"Via: SIP/2.0/[transport] [local_ip]:{port};branch=z9hG4bK-[pid]-[call_number]-"
               f"{branch or method + str(cseq)}", f"From:[$callee];tag={tag}", "To:[$caller]",
               "Call-ID: [call_id]", f"CSeq: {cseq} {method}", "Max-Forwards: 70",
               "Contact: <sip:sipp@[local_ip]:[local_port]>", *extra]
    return _send(_message(f"{method} [$target] SIP/2.0", headers, body, kind), "" if method == "ACK" else 'retrans="500"')


def reply(status: int, reason: str = "OK", *, tag: str = "", extra: tuple[str, ...] = (), body: str = "",
          port: str = "[local_port]", repeat: bool = False) -> str:
    """An answer to the last request; repeat: until its ACK comes."""
    headers = ["[last_Via:]", "[last_From:]", f"[last_To:]{';tag=' + tag if tag else ''}", "[last_Call-ID:]",
               "[last_CSeq:]",
               f"Contact: <sip:sipp@[local_ip]:{port}>", *extra]
    return _send(_message(f"SIP/2.0 {status} {reason}", headers, body), 'retrans="500"' if repeat else "")


def _checks(rows: tuple[tuple[str, str], ...]) -> str:
    """(where, expression): where is a header's name or "body"; what is not found fails the call."""
    ereg = ""
    for where, expression in rows:
        place = 'search_in="body"' if where == "body" else f'search_in="hdr" header="{where}:"'
        ereg += f'<ereg regexp="{expression}" {place} check_it="true" assign_to="seen"/>\n'
    return ereg


def expect(what: int | str, *checks: tuple[str, str], optional: bool = False, keep: dict[str, str] | None = None) -> str:
    """A response by its status or a request by its method. keep: headers whose value, with the blank before it, is
    [$variable] from now on."""
    kind = f'response="{what}"' if isinstance(what, int) else f'request="{what}"'
    kept = "".join(f'<ereg regexp=".*" search_in="hdr" header="{name}:" check_it="true" assign_to="{variable}"/>\n'
                   for name, variable in (keep or {}).items())
    return f"<recv {kind} {ANY if optional else ''}><action>{_checks(checks)}{kept}</action></recv>\n"


_KEEP = "".join(f'<ereg regexp=".*" search_in="hdr" header="{h}:" assign_to="{h.lower()}"/>' for h in KEPT)


def expect_and_keep(method: str) -> str:
    """A request that answer_kept() answers later, when other messages have come since."""
    return f'<recv request="{method}"><action>{_KEEP}</action></recv>\n'


def answer_kept(status: int, reason: str = "OK", *, tag: str = "", body: str = "", extra: tuple[str, ...] = ()) -> str:
    headers = [f"{h}:[${h.lower()}]{';tag=' + tag if tag and h == 'To' else ''}" for h in KEPT]
    headers += ["Call-ID: [call_id]", "Contact: <sip:sipp@[local_ip]:[local_port]>", *extra]
    return _send(_message(f"SIP/2.0 {status} {reason}", headers, body))


def expect_call(*checks: tuple[str, str], keep: bool = False, method: str = "INVITE") -> str:
    """The first request; keeps who is who for from_callee(), and the request itself for answer_kept()."""
    return (f'<recv request="{method}"><action>'
            '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>'
            '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>'
            '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target"/>'
            f'{_checks(checks)}{_KEEP if keep else ""}</action></recv>\n')


def pause(ms: int) -> str:
    return f'<pause milliseconds="{ms}"/>\n'


def called_up(body: str | None = None, port: str = "[local_port]", extra: tuple[str, ...] = ()) -> list[str]:
    """A caller's plain call up to the ACK."""
    return [request("INVITE", body=sdp() if body is None else body, port=port, extra=extra),
            expect(100, optional=True), expect(180, optional=True), expect(200, ("body", "m=audio")),
            request("ACK", port=port)]


def taken(port: str = "[local_port]", body: str | None = None) -> list[str]:
    """A callee's plain call up to the ACK."""
    return [expect_call(("body", "m=audio")), reply(180, "Ringing", tag="1", port=port),
            reply(200, tag="1", body=sdp() if body is None else body, port=port, repeat=True), expect("ACK")]


def bye(cseq: int = 2, port: str = "[local_port]") -> list[str]:
    return [request("BYE", cseq, port=port), expect(200)]


def write(path: Path, *steps: str | list[str]) -> Path:
    text = "".join(s if isinstance(s, str) else "".join(s) for s in steps)
    names = sorted(set(re.findall(r'assign_to="(\w+)"', text)))
    refer = f'<Reference variables="{",".join(names)}"/>\n' if names else ""
    path.write_text(f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="{path.stem}">\n{text}{refer}'
                    "</scenario>\n")
    return path


def run_sipp(need: Callable[[str], str], start: Callable[..., Program], folder: Path, *args: object,
             seconds: int = 40) -> Program:
    """SIPp on 127.0.0.1 without screen; its files go to the test's folder. It fails what takes longer."""
    return start([need("sipp"), *args, "-i", "127.0.0.1", "-nostdin", "-trace_err", "-timeout", str(seconds),
                  "-timeout_error"], name="sipp", cwd=folder)


def errors(folder: Path) -> str:
    """What SIPp complained of, for a failed assertion."""
    return "".join(p.read_text(errors="replace")[-3000:] for p in folder.glob("*_errors.log"))


def repeats(sipp: Program, what: str) -> int:
    """How often SIPp saw or sent this message again, by its last screen: "---> INVITE 20 2" or "INVITE ---> 20 2"."""
    rows = re.findall(rf"^\s*(?:-+>|<-+)?\s*{what}\s+(?:-+>|<-+)?(?: B-RTD\d)?\s*(\d+)\s+(\d+)", sipp.text(), re.M)
    assert rows, f"no {what} in {sipp.text()}"
    return sum(int(again) for _, again in rows)
