"""Answers every call with 180 and 200 until told to stop: `answer_all.py MAX_CALLS`; says how many came and ended."""

import json
import sys
import threading

import pjsua as pj

count = {"incoming": 0, "confirmed": 0, "ended": 0}


class OnCall(pj.CallCallback):
    def on_state(self):
        state = self.call.info().state
        count["confirmed"] += state == pj.CallState.CONFIRMED
        count["ended"] += state == pj.CallState.DISCONNECTED


class OnAccount(pj.AccountCallback):
    def on_incoming_call(self, call):
        count["incoming"] += 1
        call.set_callback(OnCall())
        call.answer(180)
        call.answer(200)


def settled(lib):
    """What is alive once the media thread has let go of the last call: a moment after its end."""
    for _ in range(100):
        counters = lib._phone.counters()
        if not counters["rtp_ports"] and not counters["calls"]:
            break
        threading.Event().wait(0.02)
    return counters


def main():
    lib = pj.Lib()
    ua = pj.UAConfig()
    ua.max_calls = int(sys.argv[1])
    media = pj.MediaConfig()
    media.max_media_ports = 10000
    lib.init(ua, pj.LogConfig(level=0, console_level=0), media)
    transport = lib.create_transport(pj.TransportType.UDP, pj.TransportConfig(bound_addr="127.0.0.1"))
    lib.start()
    account = lib.create_account_for_transport(transport, cb=OnAccount())
    assert account.is_valid() == 1
    print(json.dumps({"event": "ready", "port": transport.info().port}), flush=True)
    sys.stdin.readline()
    counters = settled(lib)
    lib.destroy()
    print(json.dumps({"event": "end", **count, "counters": counters}), flush=True)


main()
