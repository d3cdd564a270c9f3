"""The contract's sections 6.1, 6.2, 7, 13: the life of Lib, transports, settings, the log, locks, polling."""

import gc
import os
import subprocess
import sys
import threading

import pjsua as pj
import pytest
from conftest import BUILD
from phones import CONFIRMED, DISCONNECTED, Log, OnCall, code_of, until

ENV = {"PYTHONPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"}


def run_python(code, *args):
    """A program of its own; ends by itself or the test fails."""
    return subprocess.run([sys.executable, *args, "-c", code], env=ENV, capture_output=True, text=True, timeout=30,
                          check=False)


# ---- life ----


def test_k15_instance_is_none_without_a_library(make_phone):
    assert pj.Lib.instance() is None and pj._lib is None
    phone = make_phone()
    assert pj.Lib.instance() is phone.lib and pj._lib is phone.lib and str(phone.lib) == "Lib"
    phone.destroy()
    assert pj.Lib.instance() is None and pj._lib is None


def test_d7_a_second_library_raises_and_harms_nothing(phone):
    with pytest.raises(pj.Error) as caught:
        pj.Lib()
    assert (caught.value.op_name, caught.value.obj, caught.value.err_code) == ("__init()__", None, -1)
    assert caught.value.err_msg() == "Library instance already exist"
    gc.collect()
    assert phone.connect().caller.is_valid() == 1


def test_d8_destroy_twice_and_events_afterwards(phone):
    phone.connect()
    phone.destroy()
    phone.destroy()
    assert code_of(phone.lib.handle_events, 10) == -1


def test_d8b_objects_that_outlive_destroy(phone):
    pair = phone.connect()
    transport, account, lib = phone.transport, phone.account, phone.lib
    phone.destroy()
    assert pair.out.log.find("state", state=DISCONNECTED) and pair.into.log.find("state", state=DISCONNECTED)
    assert pair.caller.is_valid() == 0 and code_of(pair.caller.info) == -1 and code_of(pair.caller.hangup) == 171140
    assert pair.caller.dump_status() == "" and account.is_valid() == 0 and code_of(account.info) == -1
    with pytest.raises(pj.Error) as caught:
        transport.info()
    assert caught.value.err_msg() == "Invalid transport" and str(transport).startswith("{Transport udp ")
    for operation in (lambda: account.make_call("sip:x@127.0.0.1"), lambda: lib.conf_connect(0, 0), lib.start,
                      lambda: lib.create_transport(1), lambda: lib.create_player("x.wav"), transport.close):
        assert code_of(operation) == -1
    lib.hangup_all()
    del pair, account, transport, lib
    gc.collect()


def test_d9_a_new_library_after_destroy(make_phone):
    old = make_phone()
    old.connect()
    old.destroy()
    new = make_phone()
    del old
    gc.collect()
    assert new.connect().caller.is_valid() == 1


def test_s6_destroy_ends_calls_in_every_state(phone, peer):
    pair = phone.connect()
    phone.answer = lambda call: call.answer(180)
    ringing = phone.ring()
    cb = OnCall()
    phone.account.make_call(peer.uri, cb)
    peer.reply(peer.receive("INVITE"), "180 Ringing")
    cb.log.wait("state", 2)
    done = threading.Thread(target=phone.destroy)
    done.start()
    assert peer.receive("CANCEL")
    done.join(15)
    assert not done.is_alive()
    for log in (pair.out.log, pair.into.log, ringing.out.log, ringing.into.log, cb.log):
        assert len(log.find("state", state=DISCONNECTED)) == 1


def test_s6_destroy_from_a_callback(phone):
    destroyed = threading.Event()

    def act(what, call, info):
        if info.state == DISCONNECTED:
            phone.destroy()
            destroyed.set()

    pair = phone.connect(act)
    pair.callee.hangup()
    assert destroyed.wait(10) and pj.Lib.instance() is None
    assert not [t for t in threading.enumerate() if t.name == "pjsua worker" and not until(lambda: not t.is_alive())]


def test_s6_operations_before_init():
    lib = pj.Lib()
    try:
        for operation in (lib.start, lib.handle_events, lambda: lib.create_transport(1), lambda: lib.conf_connect(0, 0)):
            assert code_of(operation) == -1
        lib.set_null_snd_dev()
    finally:
        lib.destroy()
    assert pj.Lib.instance() is None


def test_s6_init_twice_and_with_senseless_settings(phone, tmp_path):
    assert code_of(phone.lib.init) == -1
    phone.destroy()
    for name, value in (("clock_rate", 12345), ("audio_frame_ptime", 7), ("clock_rate", "x")):
        lib, media = pj.Lib(), pj.MediaConfig()
        setattr(media, name, value)
        assert code_of(lib.init, None, pj.LogConfig(level=0), media) == 70004
        lib.destroy()
    lib = pj.Lib()
    assert code_of(lib.init, None, pj.LogConfig(filename=str(tmp_path / "no" / "x.log"))) == 120002
    lib.destroy()


def test_s6_lib_may_be_subclassed(make_phone):
    class Mine(pj.Lib):
        def start(self, with_thread=True):
            self.started = True
            pj.Lib.start(self, with_thread)

    lib = Mine()
    lib.init(log_cfg=pj.LogConfig(level=0))
    lib.start()
    assert lib.started and pj.Lib.instance() is lib
    lib.destroy()


def test_s13_leaving_without_destroy_ends_normally():
    out = run_python("""
import pjsua as pj, threading
lib = pj.Lib(); lib.init(log_cfg=pj.LogConfig(level=0))
t = lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1")); lib.start()
ready = threading.Event()
class C(pj.CallCallback):
    def on_state(self):
        if self.call.info().state == 5: ready.set()
class A(pj.AccountCallback):
    def on_incoming_call(self, call): keep.append(call); call.answer()
keep = []
acc = lib.create_account_for_transport(t, cb=A())
call = acc.make_call("sip:127.0.0.1:%d" % t.info().port, C())
assert ready.wait(10)
print("bye")
""")
    assert (out.returncode, out.stdout, out.stderr) == (0, "bye\n", "")


def test_d28_nothing_is_printed_before_logging_is_configured():
    out = run_python("import pjsua as pj; lib = pj.Lib(); print('x'); lib.destroy()")
    assert (out.stdout, out.stderr, out.returncode) == ("x\n", "", 0)


def test_s1_enable_trace_tells_of_objects():
    out = run_python("""
import pjsua as pj
pj.enable_trace = True
lib = pj.Lib(); lib.init(log_cfg=pj.LogConfig(level=0))
t = lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1")); lib.start()
acc = lib.create_account_for_transport(t); acc.delete(); del acc
lib.destroy()
""")
    lines = out.stdout.splitlines()
    assert len(lines) >= 2 and all(line.startswith("**") and line.endswith("**") for line in lines), out
    assert "created" in lines[0] and "destroyed" in lines[1] and "{Account <sip:127.0.0.1:" in lines[0]


# ---- transports and accounts ----


def test_s5_transport_info(phone):
    info = phone.transport.info()
    assert vars(info) == dict(type="UDP", description=info.description, is_reliable=0, is_secure=0, is_datagram=4,
                              host="127.0.0.1", port=info.port, ref_cnt=info.ref_cnt)
    where = f"127.0.0.1:{info.port}"
    assert info.description == f"udp {where} [published as {where}]"
    assert str(phone.transport) == f"{{Transport {info.description}}}" and type(phone.transport._id) is int


def test_s4_public_addr_is_published(phone):
    transport = phone.lib.create_transport(1, pj.TransportConfig(0, "127.0.0.1", "192.0.2.7"))
    info = transport.info()
    assert info.host == "192.0.2.7" and info.description.startswith("udp 127.0.0.1:")
    account = phone.lib.create_account_for_transport(transport, set_default=False)
    assert account.info().uri == f"<sip:192.0.2.7:{info.port}>"


def test_s6_transports_that_cannot_be_made(phone):
    port = phone.transport.info().port
    with pytest.raises(pj.Error) as caught:
        phone.lib.create_transport(1, pj.TransportConfig(port, "127.0.0.1"))
    assert (caught.value.err_code, caught.value.op_name, caught.value.obj) == (120098, "create_transport()", phone.lib)
    assert "Address already in use" in caught.value.err_msg()
    no_file = pj.TransportConfig(bound_addr="127.0.0.1")
    no_file.tls_cert_file = "/nonexistent.pem"
    assert code_of(phone.lib.create_transport, pj.TransportType.TLS, no_file) == 70006
    for port in (-1, 65536, "x"):
        assert code_of(phone.lib.create_transport, 1, pj.TransportConfig(port)) == 70004
    assert code_of(phone.lib.create_transport, 1, pj.TransportConfig(bound_addr="not an address")) != 0


def test_s6_tcp_and_ipv6(phone):
    for kind, bound in ((pj.TransportType.TCP, "127.0.0.1"), (pj.TransportType.TCP_IPV6, "::1"),
                        (pj.TransportType.UDP_IPV6, "::1")):
        info = phone.lib.create_transport(kind, pj.TransportConfig(bound_addr=bound)).info()
        stream = kind & ~pj.TransportType.IPV6 == pj.TransportType.TCP
        assert info.type == ("TCP" if stream else "UDP")
        assert info.description.startswith(info.type.lower() + (" [::1]:" if ":" in bound else " 127.0.0.1:"))
        assert (info.is_reliable, info.is_datagram) == ((1, 0) if stream else (0, 4))
        assert info.host == bound and info.port
    info = phone.lib.create_transport(pj.TransportType.TLS, pj.TransportConfig(bound_addr="127.0.0.1")).info()
    assert (info.type, info.is_reliable, info.is_secure, info.is_datagram) == ("TLS", 1, 2, 0)
    assert info.description.startswith("tls 127.0.0.1:")


def test_s7_a_closed_transport(phone):
    other = phone.lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1"))
    other.close()
    with pytest.raises(pj.Error) as caught:
        other.info()
    assert (caught.value.op_name, caught.value.err_code, caught.value.err_msg()) == ("info()", -1, "Invalid transport")
    assert code_of(other.enable) == 70012 and code_of(other.disable) == 70012


def test_s6_create_account(phone):
    cfg = pj.AccountConfig()
    cfg.id = '"Me" <sip:me@127.0.0.1>'
    cfg.transport_id = phone.transport._id
    account = phone.lib.create_account(cfg, set_default=True)
    assert account.info().uri == cfg.id and account.is_default() and phone.account.is_default() is False
    cb = OnCall()
    call = account.make_call(phone.uri, cb)
    cb.log.wait("state", state=CONFIRMED)
    assert call.info().uri == cfg.id
    assert phone.log.find("incoming")[0].call.info().remote_uri == cfg.id


def test_s6_accounts_and_calls_before_start():
    log = Log()

    class OnIncoming(pj.AccountCallback):
        def on_incoming_call(self, call):
            call.set_callback(OnCall())
            call.answer()
            log.add("incoming", call)

    lib = pj.Lib()
    try:
        lib.init(log_cfg=pj.LogConfig(level=0))
        transport = lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1"))
        account = lib.create_account_for_transport(transport, cb=OnIncoming())
        out = OnCall()
        account.make_call(f"sip:127.0.0.1:{transport.info().port}", out)
        assert out.log.story() == [("state", "CALLING")]
        lib.start()
        lib.start()  # once more is harmless
        out.log.wait("state", state=CONFIRMED)
        assert log.find("incoming")[0].is_valid() == 1
    finally:
        lib.destroy()


def test_s6_an_incoming_call_goes_to_its_own_account(phone):
    """By the user part; what fits no account goes to the default one."""
    taken = []

    class OnIncoming(pj.AccountCallback):
        def __init__(self, name):
            self.name = name

        def on_incoming_call(self, call):
            assert call.info().account is accounts[self.name]
            taken.append(self.name)
            call.hangup(486)

    accounts = {}
    for name in ("anna", "otto"):
        cfg = pj.AccountConfig()
        cfg.id = f"<sip:{name}@127.0.0.1>"
        accounts[name] = phone.lib.create_account(cfg, name == "otto", OnIncoming(name))
    port = phone.transport.info().port
    phone.account.delete()  # whose host and port fit everybody
    for user in ("anna", "otto", "nobody"):
        cb = OnCall()
        accounts["anna"].make_call(f"sip:{user}@127.0.0.1:{port}", cb)
        assert cb.log.wait("state", state=DISCONNECTED).last_code == 486
    assert taken == ["anna", "otto", "otto"]


def test_s6_accounts_that_cannot_be_made(phone):
    assert code_of(phone.lib.create_account, pj.AccountConfig()) == 171039
    cfg = pj.AccountConfig()
    cfg.id = "junk"
    assert code_of(phone.lib.create_account, cfg) == 171039
    assert code_of(phone.lib.modify_account, phone.account._id, cfg) == 171039


@pytest.mark.parametrize(("uri", "code"), [
    ("sip:u@h", 0), ("<sip:u@h>", 0), ('"N" <sip:u@h:5070;transport=udp>', 0), ("sips:h", 0), ("junk", 171039),
    ("tel:+1", 171039), ("", 171039), ("sip:", 171039), (None, 171039), (5, 171039)])
def test_k1_verify_sip_url_gives_an_int(phone, uri, code):
    assert phone.lib.verify_sip_url(uri) == code and type(phone.lib.verify_sip_url(uri)) is int


# ---- the log ----


class Lines:
    """A log callback that notes its calls."""

    def __init__(self, fault=None):
        self.log, self.fault = Log(), fault

    def __call__(self, level, text, length):
        self.log.add("line", (level, text, length))
        if self.fault:
            raise self.fault


def test_k20_the_log_callback_gets_three_arguments_and_a_newline(make_phone, capsys):
    lines = Lines()
    phone = make_phone(log=pj.LogConfig(level=5, callback=lines, console_level=5))
    phone.connect()
    phone.destroy()
    seen = lines.log.find("line")
    assert all(type(level) is int and text.endswith("\n") and length == len(text) for level, text, length in seen)
    assert {4} <= {level for level, _, _ in seen} <= {1, 2, 3, 4, 5}
    messages = [text for level, text, _ in seen if "INVITE sip:127.0.0.1" in text]
    assert messages and any("m=audio" in text for text in messages)  # whole, as level 4
    assert capsys.readouterr().out == ""


def test_s4_the_console_level_filters_the_callback_too(make_phone):
    lines = Lines()
    phone = make_phone(log=pj.LogConfig(level=5, callback=lines, console_level=3))
    phone.connect()
    phone.destroy()
    assert lines.log.find("line") and all(level <= 3 for level, _, _ in lines.log.find("line"))


@pytest.mark.parametrize("levels", [dict(level=0), dict(level=0, console_level=0), dict(console_level=0)])
def test_s4_level_0_is_silent(make_phone, capsys, levels):
    phone = make_phone(log=pj.LogConfig(**levels))
    phone.connect()
    phone.destroy()
    assert capsys.readouterr() == ("", "")


def test_s4_the_file_gets_what_the_console_does_not(make_phone, tmp_path, capsys):
    path = tmp_path / "x.log"
    phone = make_phone(log=pj.LogConfig(level=4, filename=str(path), console_level=0))
    phone.connect()
    phone.destroy()
    assert "INVITE sip:127.0.0.1" in path.read_text() and capsys.readouterr().out == ""


def test_s4_without_msg_logging_no_message_is_logged(make_phone):
    lines = Lines()
    cfg = pj.LogConfig(level=5, callback=lines, console_level=5)
    cfg.msg_logging = 0
    phone = make_phone(log=cfg)
    phone.connect()
    phone.destroy()
    assert not [text for _, text, _ in lines.log.find("line") if "m=audio" in text]


@pytest.mark.parametrize("fault", [RuntimeError("fault of the program"), SystemExit(3)])
def test_s4_an_exception_in_the_log_callback_is_printed_and_life_goes_on(make_phone, capsys, fault):
    lines = Lines(fault)
    phone = make_phone(log=pj.LogConfig(level=3, callback=lines))
    pair = phone.connect()
    lines.log.wait("line")
    pair.caller.hangup()
    pair.into.log.wait("state", state=DISCONNECTED)  # the worker lives
    phone.destroy()
    assert type(fault).__name__ in capsys.readouterr().err


def test_k20_the_log_callback_may_have_more_parameters(make_phone):
    seen = []
    phone = make_phone(log=pj.LogConfig(level=4, callback=lambda level, text, length, more=seen: more.append(text)))
    phone.connect()
    phone.destroy()
    assert seen


# ---- handlers that raise ----


@pytest.mark.parametrize("fault", [ValueError("my fault"), SystemExit(1)])
def test_d3_a_handler_that_raises_is_printed_and_the_call_goes_on(phone, capsys, fault):
    def act(what, call, info):
        raise fault

    phone.callee_act = act
    out = OnCall(act)
    call = phone.make(out)
    callee = phone.log.wait("incoming").call
    until(lambda: call.info().state == CONFIRMED)
    call.hangup()
    until(lambda: not callee.is_valid())
    assert call.is_valid() == 0 and phone.connect is not None
    err = capsys.readouterr().err
    assert "Traceback" in err and repr(str(fault.args[0]))[1:-1] in err and "in act" in err


def test_d3_an_exception_in_on_incoming_call_leaves_the_call_ringing(phone, capsys):
    def refuse(call):
        raise KeyError("incoming")

    phone.answer = refuse
    cb = OnCall()
    call = phone.make(cb)
    until(lambda: "KeyError: 'incoming'" in capsys.readouterr().err, "the traceback")
    assert call.is_valid() == 1
    call.hangup()
    assert cb.log.find("state", state=DISCONNECTED)


# ---- locks and threads ----


@pytest.mark.parametrize("way", ["del", "with", "gc", "none"])
def test_s13_auto_lock_keeps_callbacks_away_until_it_is_let_go(phone, way):
    phone.answer = lambda call: call.answer(200)
    cb = OnCall()
    if way == "with":
        with phone.lib.auto_lock():
            phone.make(cb)
            assert not phone.log.find("incoming") and cb.log.story() == [("state", "CALLING")]
    else:
        lock = phone.lib.auto_lock()
        again = phone.lib.auto_lock()
        phone.make(cb)
        del again
        assert not phone.log.find("incoming") and cb.log.story() == [("state", "CALLING")]
        if way == "gc":
            ring = [lock]
            ring.append(ring)
            del ring, lock
            gc.collect()
        elif way == "del":
            del lock
        else:
            lock = None
    cb.log.wait("state", state=CONFIRMED)


def test_d4_d29_foreign_threads_need_no_registration_and_may_repeat_it(phone):
    made = []

    def work():
        for _ in range(1000):
            phone.lib.thread_register("me")
        made.append(phone.connect())

    other = threading.Thread(target=work)
    other.start()
    other.join(15)
    assert made[0].caller.info().state == CONFIRMED


def test_d20_a_kept_error_keeps_no_lock(phone):
    kept = []
    try:
        phone.account.make_call("junk")
    except pj.Error as error:
        kept.append((error, error.__traceback__))
    assert phone.connect().caller.is_valid() == 1 and kept


def test_d31_hangup_all_is_silent_only_about_what_has_ended(phone):
    pair = phone.connect()
    phone.lib.hangup_all()
    phone.lib.hangup_all()
    assert pair.caller.is_valid() == 0 and pair.callee.is_valid() == 0


def test_s13_a_handler_may_use_every_part_of_the_library(phone, tmp_path):
    seen = []

    def act(what, call, info):
        if info.state == CONFIRMED and not seen:
            lib, path = pj.Lib.instance(), tmp_path / "x.wav"
            recorder = lib.create_recorder(str(path))
            lib.conf_connect(info.conf_slot, lib.recorder_get_slot(recorder))
            lib.recorder_destroy(recorder)
            transport = lib.create_transport(1, pj.TransportConfig(bound_addr="127.0.0.1"))
            account = lib.create_account_for_transport(transport, set_default=False)
            account.delete()
            transport.close()
            with lib.auto_lock():
                seen.append(lib.handle_events(0))

    phone.connect(act)
    assert until(lambda: seen) == [seen[0]] and seen[0] >= 0


def test_s13_polling_no_callback_runs_outside_of_handle_events(make_phone):
    phone = make_phone(with_thread=False)
    cb = OnCall()
    assert phone.lib.handle_events(0) == 0
    call = phone.make(cb)
    assert cb.log.story() == [("state", "CALLING")] and not [t for t in threading.enumerate() if "pjsua" in t.name]
    handled = rounds = 0
    while not cb.log.find("state", state=CONFIRMED):
        n = phone.lib.handle_events(1000)
        assert n >= 0
        handled, rounds = handled + n, rounds + 1
    assert handled >= 4 and rounds < 50, "it does not wait"
    assert set(cb.log.threads) == {threading.current_thread()}
    assert set(phone.log.find("incoming")[0].cb.log.threads) == {threading.current_thread()}
    call.hangup()
    assert phone.lib.handle_events(-5) >= 0


def test_d19_handle_events_lets_other_threads_run(make_phone):
    phone = make_phone(with_thread=False)
    started, counted = threading.Event(), []

    def count():
        started.set()
        n = 0
        while not over.is_set():
            n += 1
        counted.append(n)

    over = threading.Event()
    other = threading.Thread(target=count)
    other.start()
    assert started.wait(5)
    phone.lib.handle_events(200)
    over.set()
    other.join(5)
    assert counted[0] > 1000


def test_s13_a_key_press_in_a_handler_ends_handle_events(make_phone):
    def act(what, call, info):
        if info.state == CONFIRMED:
            raise KeyboardInterrupt

    phone = make_phone(with_thread=False)
    out = OnCall(act)
    phone.make(out)
    with pytest.raises(KeyboardInterrupt):
        while True:
            phone.lib.handle_events(1000)
    assert phone.lib.handle_events(0) >= 0


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
def test_s6_nothing_is_left_after_destroy(make_phone):
    def fds():
        return len(os.listdir("/proc/self/fd"))

    make_phone().destroy()
    before, threads = fds(), threading.active_count()
    for _ in range(3):
        phone = make_phone()
        phone.connect()
        phone.destroy()
        del phone
    gc.collect()
    assert fds() <= before and threading.active_count() == threads
