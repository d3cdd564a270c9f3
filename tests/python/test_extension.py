"""The extension as a whole: what it takes, who may stop it, and what it makes of bytes that are no text."""

import ast
import fcntl
import os
import re
import subprocess
import sys
import termios
import textwrap

import offhook
import pytest
from conftest import BUILD, ROOT
from offhook import _offhook
from phones import LIMIT_S, until
from test_extension_audio import RATE, Side, sides  # noqa: F401

MESSAGE, TRANSFER = 50, 41
# A value of the right type for each parameter that _offhook.pyi names, by how its annotation begins.
SAMPLES = {"int": 1, "float": 1.0, "str": "x", "bool": True, "bytes": b"", "Iterable": [], "Optional": None, "Headers": None,
           "list[str]": ["x"]}


def sample(parameter):
    return next(value for start, value in SAMPLES.items() if ast.unparse(parameter.annotation).startswith(start))


def methods():
    """(name, what it takes by place alone, what it takes by name) of each method that _offhook.pyi names."""
    named = ast.parse((BUILD / "python" / "offhook" / "_offhook.pyi").read_text())
    (phone,) = (node for node in named.body if isinstance(node, ast.ClassDef) and node.name == "Phone")
    for f in phone.body:
        if isinstance(f, ast.FunctionDef) and f.name != "__init__":
            places = f.args.posonlyargs
            names = f.args.args if places else f.args.args[1:]
            yield f.name, [sample(p) for p in places[1:]], {p.arg: sample(p) for p in names}


def test_every_method_takes_its_arguments_by_name():
    phone = _offhook.Phone.__new__(_offhook.Phone)  # never initialised: what it is asked fails, and hurts nobody
    for name, places, names in methods():
        try:
            getattr(phone, name)(*places, **names)
        except _offhook.Error:
            pass
        except TypeError as error:
            pytest.fail(f"{name}({', '.join(names)}): {error}")


def test_what_is_no_link_is_told(sides):  # noqa: F811
    phone = sides[0].phone
    for wrong in (5, [5], [[1, 2]], [(1,)], [(1, 2, "loud")]):
        with pytest.raises(TypeError):
            phone.connect_many(wrong)
    slot = phone.slot_of(0)
    phone.connect_many(link for link in [(slot, slot, 0.5)])
    assert phone.slot_sinks(slot) == [slot]


def test_a_list_that_changes_while_it_is_read(sides):  # noqa: F811
    phone = sides[0].phone
    slot = phone.slot_of(0)
    links = []

    class Level:
        def __float__(self):
            links.clear()
            return 1.0

    links += [(slot, slot, Level()), (slot, slot)]
    phone.connect_many(links)
    assert not links and phone.slot_sinks(slot) == [slot]


def test_no_more_than_a_port_can_hold_is_read(sides):  # noqa: F811
    phone = sides[0].phone
    port, _ = phone.audio_new()
    for n in (-1, 2**40):
        with pytest.raises(ValueError):
            phone.audio_read(port, n, 0)


def program(text):
    """The exit status and the output of a program that has a phone."""
    head = "import signal, sys\nfrom offhook import _offhook\n"
    done = subprocess.run([sys.executable, "-c", head + textwrap.dedent(text)], env={"PYTHONPATH": str(BUILD / "python")},
                          capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout + done.stderr


def test_ctrl_c_ends_the_wait_for_events():
    assert program("""
        phone = _offhook.Phone()
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        try:
            while True:
                phone.process(-1)
        except KeyboardInterrupt:
            sys.exit(7)
        """) == (7, "")


def test_a_handler_may_end_the_program_and_no_event_is_lost():
    status, said = program("""
        def handler(event):
            print(event["type"], flush=True)
            if event["type"] == 50:
                raise ValueError("printed")
            sys.exit(9)
        phone = _offhook.Phone(handler)
        transport = phone.transport_add(address="127.0.0.1")
        account = phone.account_add(transport=transport)
        phone.message_send(account, f"sip:127.0.0.1:{phone.transport_info(transport)['port']}", "text/plain", "x")
        while True:
            phone.process(-1)
        """)
    assert status == 9 and "ValueError: printed" in said
    assert [line for line in said.splitlines() if line.isdigit()] == ["50", "51"]


def test_a_reason_that_is_no_utf8_reaches_the_program(sides, peer):  # noqa: F811
    one = sides[0]
    call = one.phone.call_make(peer.uri, one.account, codecs="PCMU")
    peer.reply(peer.receive("INVITE"), "200 OK", body=peer.sdp())
    peer.receive("ACK")
    one.phone.call_transfer(call, "sip:carol@127.0.0.1")
    refusal = peer.reply_text(peer.receive("REFER"), "486 Besch?ftigt")
    peer.socket.sendto(refusal.encode().replace(b"?", b"\xe4"), peer.address)
    told = one.wait(TRANSFER)
    assert (told["status"], told["reason"], told["final"]) == (486, "Besch\ufffdftigt", 1)


def test_a_header_is_as_long_as_it_is():
    value = "x" * 9000
    message = f"OPTIONS sip:a@b SIP/2.0\r\nSubject: {value}\r\nX-\xe4: 1\r\n\r\n".encode("latin-1")
    assert _offhook.message_header(message, "Subject") == value
    assert _offhook.message_header(message=message, name="s", index=0) == value
    assert _offhook.message_header(message, "Subject", 1) is None


def test_a_phone_that_is_gone_takes_its_handler_along():
    import gc
    import weakref

    class Program:
        def __init__(self):
            self.phone = _offhook.Phone(self.on_event)

        def on_event(self, event):
            pass

    gone = weakref.ref(Program())
    gc.collect()
    assert gone() is None


def test_a_phone_is_initialised_once():
    side = Side()
    with pytest.raises(RuntimeError):
        side.phone.__init__()
    side.close()


def test_numbers_have_the_names_of_the_headers():
    header = (ROOT / "include" / "offhook" / "event.h").read_text()
    assert {*re.findall(r"\bOFFHOOK_EVENT_(\w+) =", header)} == {*offhook.EventType.__members__}
    assert (offhook.EventType.AUDIO_MARK, offhook.CallState.DISCONNECTED, offhook.ErrorCode.EENDED) == (80, 6, -4)
    assert {*offhook.TlsVersion.__members__} == {"TLS_1_2", "TLS_1_3"} and offhook.TransportType.UDP == 1
    for name in offhook.enums.__all__:
        assert offhook.enums.__dict__[name].__members__ and getattr(offhook, name)


def test_an_error_is_a_sentence_and_its_parts():
    phone = offhook.Phone()
    with pytest.raises(offhook.Error) as wrong:
        phone.audio_new(rate=5)
    error = wrong.value
    assert (error.code, error.symbol) == (offhook.ErrorCode.EINVAL, "OH_EINVAL")
    assert str(error) == f"{error.sentence}: {error.detail} (OH_EINVAL)" and "rate_hz is 5" in error.detail
    with pytest.raises(offhook.Error) as gone:
        phone.call_hangup(1)
    phone.close()
    with pytest.raises(offhook.Error) as closed:
        phone.process(-1)
    assert gone.value.code == offhook.ErrorCode.ENOENT
    assert str(closed.value) == f"{closed.value.sentence} (OH_ECLOSED)" and closed.value.detail == ""
    assert str(offhook.Error("made", "elsewhere")) == "('made', 'elsewhere')"


def test_the_first_who_ends_the_program_says_how():
    status, said = program("""
        def handler(event):
            sys.exit(event["type"])
        phone = _offhook.Phone(handler)
        transport = phone.transport_add(address="127.0.0.1")
        account = phone.account_add(transport=transport)
        for _ in range(2):
            phone.message_send(account, "sip:127.0.0.1:9", "text/plain", "x")
        while phone.counters()["events"] < 2:
            pass
        phone.process()
        """)
    assert status == 51 and said.count("SystemExit: 51") == 1  # the second one is printed


def test_a_port_gives_back_bit_by_bit_what_is_written(sides):  # noqa: F811
    phone = sides[0].phone
    port, slot = phone.audio_new(RATE, play_ms=2000, heard_ms=2000)
    phone.connect_many([(slot, slot)])
    pcm = os.urandom(2 * RATE)
    assert phone.audio_write(port, pcm) == RATE
    heard = b""
    while pcm not in heard:
        heard += phone.audio_read(port, RATE // 10)
        assert len(heard) < 10 * len(pcm)


def test_a_trace_whose_file_is_full_says_so_and_is_over(sides):  # noqa: F811
    side = sides[0]
    trace = side.phone.trace_start(pcap="/dev/full")
    side.phone.message_send(side.account, side.uri, "text/plain", b"hi")
    side.wait(51)
    with pytest.raises(_offhook.Error, match="No space left"):
        side.phone.trace_stop(trace)
    for again in (side.phone.trace_stop, side.phone.trace_drain):
        with pytest.raises(_offhook.Error, match="OH_ENOENT"):
            again(trace)


def test_lists_are_given_back(sides):  # noqa: F811
    side, texts = sides[0], ["".join(("sip:", name, "@127.0.0.1")) for name in "abc"]
    before = [sys.getrefcount(text) for text in texts]
    for _ in range(3):
        side.phone.account_modify(side.account, "sip:me@127.0.0.1", proxies=texts[:1], servers=texts[1:2],
                                  credentials=[(None, texts[2], "secret", None)])
        with pytest.raises(_offhook.Error):
            side.phone.call_make("nobody", side.account, headers=[("Subject", texts[0])])
        with pytest.raises(_offhook.Error):
            side.phone.player_open(texts)
    assert [sys.getrefcount(text) for text in texts] == before


def test_a_disk_that_hangs_is_waited_for_no_longer_than_the_limit(tmp_path):
    pipe, wav, pcap = (str(tmp_path / name) for name in ("x.raw", "x.wav", "x.pcap"))
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDWR)
    os.write(fd, bytes(16000 + 1600 - 80))  # what is read ahead, and a little, which ends in the middle of a reading
    phone = _offhook.Phone(disk_limit_ms=1)
    _, slot = phone.player_open([pipe])
    phone.connect_many([(slot, phone.slot_of(0))])
    until(lambda: fcntl.ioctl(fd, termios.FIONREAD, bytes(4)) == bytes(4))
    recorder, _ = phone.recorder_new(wav)
    trace = phone.trace_start(pcap=pcap)
    with pytest.raises(_offhook.Error, match="the disk does not answer: the recording '.*x.wav'"):
        phone.port_remove(recorder)
    with pytest.raises(_offhook.Error, match="the disk does not answer: the trace '.*x.pcap'"):
        phone.trace_stop(trace)
    with pytest.raises(_offhook.Error, match="OH_ENOENT"):
        phone.trace_stop(trace)
    del phone
    os.close(fd)
    until(lambda: os.path.getsize(pcap) == 24)
