"""The program of the mission page, as two processes: `mission.py callee SAYS HEARS` and `mission.py caller URI SAYS HEARS`.

Every callback prints one JSON line with what info() shows inside it. The audio passes slot connections only.
"""

import json
import sys
import threading

import pjsua as pj

MAIN = threading.current_thread()
done = threading.Event()
files = {}


def tell(event, call=None, **more):
    line = {"event": event, "in_main": threading.current_thread() is MAIN, **more}
    if call is not None:
        info = call.info()
        line.update(state=info.state, state_text=info.state_text, code=info.last_code, reason=info.last_reason,
                    media=info.media_state, dir=info.media_dir, slot=info.conf_slot, role=info.role,
                    remote_uri=info.remote_uri, remote_contact=info.remote_contact, call_time=info.call_time)
    print(json.dumps(line), flush=True)


class MyCallCallback(pj.CallCallback):
    def on_state(self):
        tell("state", self.call)
        state = self.call.info().state
        if state == pj.CallState.CONFIRMED and len(sys.argv) == 5:
            threading.Timer(7.5, hang_up).start()
        if state == pj.CallState.DISCONNECTED:
            done.set()

    def on_media_state(self):
        tell("media", self.call)
        if self.call.info().media_state == pj.MediaState.ACTIVE:
            slot = self.call.info().conf_slot
            lib = pj.Lib.instance()
            lib.conf_connect(slot, 0)
            lib.conf_connect(0, slot)
            lib.conf_connect(lib.player_get_slot(files["player"]), slot)
            lib.conf_connect(slot, lib.recorder_get_slot(files["recorder"]))


class MyAccountCallback(pj.AccountCallback):
    def __init__(self, account=None):
        pj.AccountCallback.__init__(self, account)

    def on_incoming_call(self, call):
        files["call"] = call
        tell("incoming", call)
        call.set_callback(MyCallCallback())
        tell("answer 180")
        call.answer(180)
        tell("answer 200")
        call.answer(200)
        tell("answered")


def hang_up():
    tell("hangup")
    files["call"].hangup()
    tell("hung up", valid=files["call"].is_valid())


def main():
    role, says, hears = sys.argv[1], sys.argv[-2], sys.argv[-1]
    lib = pj.Lib()
    media = pj.MediaConfig()
    media.jb_min = 100  # the tests run on busy machines
    lib.init(log_cfg=pj.LogConfig(level=0, console_level=0), media_cfg=media)
    transport = lib.create_transport(pj.TransportType.UDP, pj.TransportConfig(bound_addr="127.0.0.1"))
    lib.start()
    lib.set_null_snd_dev()
    files["player"] = lib.create_player(says)
    files["recorder"] = lib.create_recorder(hears)
    acc = lib.create_account_for_transport(transport, cb=MyAccountCallback())
    info = transport.info()
    print(json.dumps({"event": "ready", "uri": f"sip:{info.host}:{info.port}"}), flush=True)
    if role == "caller":
        try:
            my_cb = MyCallCallback()
            tell("make_call")
            files["call"] = acc.make_call(sys.argv[2], cb=my_cb)
            tell("made")
        except pj.Error as err:
            print("Error making outgoing call:", err)
            raise
    assert done.wait(30), "the call did not end"
    call = files["call"]
    try:
        call.info()
    except pj.Error as err:
        print(json.dumps({"event": "dead", "text": str(err), "code": err.err_code, "valid": call.is_valid(),
                          "dump": call.dump_status()}), flush=True)
    try:
        call.hold()
    except pj.Error as err:
        print(json.dumps({"event": "dead hold", "text": str(err), "code": err.err_code}), flush=True)
    lib.recorder_destroy(files["recorder"])
    lib.destroy()
    print(json.dumps({"event": "destroyed", "instance": pj.Lib.instance() is None}), flush=True)


main()
