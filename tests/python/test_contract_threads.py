"""The contract's section 13 and K14: a handler that blocks delays nothing on the wire; many threads at once; the end of a program."""

import ctypes
import random
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

import pjsua as pj
import pytest
from conftest import BUILD
from phones import CONFIRMED, DISCONNECTED, OnCall, until

ENV = {"PYTHONPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"}
SO_TIMESTAMPNS = 35
BLOCKED_S = 5


def arrivals(sock):
    """(when the kernel got it, its bytes) of every datagram that waits."""
    sock.setblocking(False)
    seen = []
    while True:
        try:
            data, extra, _, _ = sock.recvmsg(2048, 64)
        except BlockingIOError:
            return seen
        seconds, ns = struct.unpack("qq", extra[0][2][:16])
        seen.append((seconds + ns / 1e9, data))


def stamped(sock):
    """The kernel notes when a datagram came; the first ones may still get the time at which they are read."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return sock


def release_the_interpreter(seconds):
    threading.Event().wait(seconds)


def hold_the_interpreter(seconds):
    ctypes.PyDLL(None).sleep(seconds)


@pytest.mark.parametrize("block", [release_the_interpreter, hold_the_interpreter])
def test_k14_a_handler_that_blocks_delays_no_retransmission_and_no_audio(phone, peer, block):
    stamped(peer.socket)
    stamped(peer.rtp)
    times = []

    def answer_and_block(call):
        call.answer(200)
        times.append(time.time())
        block(BLOCKED_S)
        times.append(time.time())

    phone.answer = answer_and_block
    peer.invite(phone.transport.info().port)
    call = phone.log.wait("incoming").call
    begin, end = times
    # RFC 3261 13.3.1.4: again after 0.5, 1, 2 s: at 0, 0.5, 1.5 and 3.5 s; the next is due at 7.5 s.
    answers = [(at, data) for at, data in arrivals(peer.socket) if data.startswith(b"SIP/2.0 200")]
    assert len(answers) == 4, [at - begin for at, _ in answers]
    assert len({data for _, data in answers}) == 1
    rtp = [(at, data) for at, data in arrivals(peer.rtp) if at < end and len(data) > 100]
    sequence = [struct.unpack(">H", data[2:4])[0] for _, data in rtp]
    assert [(b - a) % 65536 for a, b in zip(sequence, sequence[1:])] == [1] * (len(rtp) - 1)
    assert len(rtp) > BLOCKED_S * 50 * 0.8, f"{len(rtp)} packets in {end - begin} s"
    gaps = [b[0] - a[0] for a, b in zip(rtp, rtp[1:])]
    assert max(gaps) < 1, f"the audio stood still for {max(gaps)} s"
    call.hangup()


def test_d18_events_need_no_poll_period(phone):
    """With the old module's 50 ms of sleep between events, 20 calls of 5 hops each could not fit into this limit."""
    began = time.monotonic()
    for _ in range(20):
        pair = phone.connect()
        pair.callee.hangup()
        pair.out.log.wait("state", state=DISCONNECTED)
    assert time.monotonic() - began < 20 * 5 * 0.05


def test_s13_many_threads_at_once(make_phone):
    ua = pj.UAConfig()
    ua.max_calls = 100
    phone = make_phone(ua=ua)
    faults, made = [], []
    over = time.monotonic() + 4

    def act(what, call, info):
        if what == "media" and info.conf_slot > 0:
            phone.lib.conf_connect(info.conf_slot, 0)
            phone.lib.conf_connect(0, info.conf_slot)

    phone.callee_act = act

    def work(seed):
        chance, mine = random.Random(seed), []
        try:
            while time.monotonic() < over:
                step(chance, mine)
        except BaseException as fault:  # noqa: BLE001 (told by the main thread)
            faults.append(fault)
        made.append(len(mine))

    def step(chance, mine):
        try:
            if len(mine) < 5 or chance.random() < 0.2:
                out = OnCall(act)
                mine.append((phone.make(out), out))
            call = chance.choice(mine)[0]
            what = chance.randrange(7)
            if what == 0:
                call.hangup()
            elif what == 1:
                call.info()
            elif what == 2:
                phone.lib.conf_connect(call.info().conf_slot, 0)
            elif what == 3:
                call.hold()
            elif what == 4:
                call.dump_status()
            elif what == 5:
                with phone.lib.auto_lock():
                    call.is_valid()
            else:
                call.set_callback(OnCall())
        except pj.Error as error:
            if error.err_code not in (-1, 70004, 70010, 70013, 171140, 171141):
                raise
        del mine[:-10]

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert not [t for t in threads if t.is_alive()], "threads are stuck"
    assert not faults and min(made) >= 5
    phone.lib.hangup_all()
    until(lambda: pj._pjsua.call_get_count() == 0, "the end of all calls")
    phone.answer = lambda call: call.answer()
    assert phone.connect().caller.info().state == CONFIRMED


def test_s13_destroy_while_other_threads_work(phone):
    ready, stop, faults = threading.Barrier(4), threading.Event(), []

    def work():
        ready.wait(10)
        while not stop.is_set():
            try:
                call = phone.make(OnCall())
                call.info()
                phone.lib.conf_connect(0, 0)
                call.hangup()
            except pj.Error:
                pass
            except BaseException as fault:  # noqa: BLE001 (told by the main thread)
                faults.append(fault)
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for t in threads:
        t.start()
    ready.wait(10)
    phone.log.wait("incoming", 3)
    phone.destroy()
    stop.set()
    for t in threads:
        t.join(15)
    assert not [t for t in threads if t.is_alive()] and faults == []


PROGRAM = """
import pjsua as pj, sys, threading
lib = pj.Lib(); lib.init(log_cfg=pj.LogConfig(level=0))
t = lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1")); lib.start()
inside = threading.Event()
class A(pj.AccountCallback):
    def on_incoming_call(self, call):
        inside.set()
        %s
acc = lib.create_account_for_transport(t, cb=A())
call = acc.make_call("sip:127.0.0.1:%%d" %% t.info().port)
assert inside.wait(10)
%s
print("end", flush=True)
"""


@pytest.mark.parametrize(("handler", "main"), [
    ("threading.Event().wait()", ""),  # leaves while a handler blocks for ever
    ("call.answer()", "sys.stdout.flush()"),
    ("for n in range(20000): print(n, file=sys.stderr)", ""),  # printing while the interpreter goes down is fatal
    ("raise SystemExit(7)", ""),
    ("sys.stdout.close()", "sys.stdout = sys.__stderr__"),
    ("threading.Event().wait(0.2)", "lib.destroy()"),
    ("lib.destroy()", ""),
])
def test_s13_a_program_ends_whatever_its_handlers_do(handler, main):
    result = subprocess.run([sys.executable, "-c", PROGRAM % (handler, main)], env=ENV, capture_output=True, text=True,
                            timeout=30, check=False)
    assert result.returncode == 0 and "end\n" in result.stdout + result.stderr, result
    assert "Fatal" not in result.stderr


def test_s13_ctrl_c_ends_a_program_that_waits():
    # A shell that runs us in the background hands SIGINT down ignored.
    code = PROGRAM % ("call.answer()", "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
                      "os.kill(os.getpid(), signal.SIGINT); inside.wait()")
    result = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode in (1, 130, -2) and "KeyboardInterrupt" in result.stderr


def test_the_extension_serves_every_python_from_3_11_on():
    """Limited API: the one file that was built is imported by each interpreter of this machine that is new enough."""
    assert [f.name for f in (BUILD / "python" / "offhook").glob("_offhook*.so")] == ["_offhook.abi3.so"]
    found = {path for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
             for path in (shutil.which(name), shutil.which(name, path="/usr/bin")) if path} | {sys.executable}
    for path in sorted(found):
        if subprocess.run([path, "-c", ""], env=ENV, capture_output=True, check=False).returncode:
            continue  # a name that leads to no interpreter
        code = ("import sys\nif sys.version_info >= (3, 11):\n"
                "    import pjsua; lib = pjsua.Lib(); lib.init(log_cfg=pjsua.LogConfig(level=0)); lib.destroy()\nprint('ok')")
        out = subprocess.run([path, "-c", code], env=ENV, capture_output=True, text=True, timeout=30, check=False)
        assert out.stdout == "ok\n", (path, out.stderr)
