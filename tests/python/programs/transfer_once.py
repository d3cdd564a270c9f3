"""Calls somebody, sends him to somebody else, says how that goes, and hangs up: `transfer_once.py URI TO`."""

import json
import sys
import threading

import pjsua as pj

told: list[tuple[int, str, int]] = []
over = threading.Event()


class OnCall(pj.CallCallback):
    def on_state(self):
        state = self.call.info().state
        if state == pj.CallState.CONFIRMED:
            self.call.transfer(sys.argv[2])
        if state == pj.CallState.DISCONNECTED:
            over.set()

    def on_transfer_status(self, code, reason, final, cont):
        told.append((code, reason, final))
        if final:
            self.call.hangup(0)
        return cont


def main():
    lib = pj.Lib()
    lib.init(None, pj.LogConfig(level=0, console_level=0))
    transport = lib.create_transport(pj.TransportType.UDP, pj.TransportConfig(bound_addr="127.0.0.1"))
    lib.start()
    account = lib.create_account_for_transport(transport)
    call = account.make_call(sys.argv[1], OnCall())
    over.wait(30)
    lib.destroy()
    print(json.dumps(told), flush=True)
    del call


main()
