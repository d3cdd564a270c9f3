"""A phone steered by lines on standard input; every event is a JSON object on standard output.

dial URI [N] | accept (answer what comes) | hold | resume | bye | request METHOD | counters | quit
"""

import json
import sys
import threading

from offhook._offhook import Error, Phone

TYPES = {1: "incoming", 2: "state", 3: "media", 6: "request", 7: "response", 9: "hold_failed"}
STATES = ("NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
MEDIA = ("NULL", "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR")


def say(**fields):
    print(json.dumps(fields), flush=True)


class Steered:
    def __init__(self):
        self.accepting = threading.Event()
        self.call = 0
        self.phone = Phone(handler=self.on_event, max_calls=1000, rtp_timeout_ms=0)
        self.transport = self.phone.transport_add(address="127.0.0.1")
        self.account = self.phone.account_add(transport=self.transport)
        self.closing = threading.Event()
        self.worker = threading.Thread(target=self.hand_out)
        self.worker.start()

    def hand_out(self):
        while not self.closing.is_set():
            self.phone.process(50)

    def close(self):
        self.closing.set()
        self.worker.join()
        self.phone.close(5000)

    def on_event(self, event):
        if event["type"] not in TYPES:
            return
        call = event["call"] or {}
        if event["type"] == 1:
            self.call = event["id"]
            if self.accepting.is_set():
                self.phone.call_answer(event["id"], 180)
                self.phone.call_answer(event["id"], 200)
        say(event=TYPES[event["type"]], id=event["id"], state=STATES[call.get("state", 0)],
            media=MEDIA[call.get("media_state", 0)], status=event["status"] or call.get("last_status"),
            error=event["error"] or call.get("error"), ended_by=call.get("ended_by"))

    def obey(self, word, *rest):
        if word == "dial":
            for _ in range(int(rest[1]) if len(rest) > 1 else 1):
                self.call = self.phone.call_make(rest[0], self.account)
        elif word == "accept":
            self.accepting.set()
        elif word == "hold":
            self.phone.call_hold(self.call)
        elif word == "resume":
            self.phone.call_reinvite(self.call)
        elif word == "bye":
            for call in self.phone.calls():
                self.phone.call_hangup(call)
        elif word == "request":
            self.phone.call_request(self.call, rest[0])
        elif word == "counters":
            say(event="counters", **self.phone.counters())


def main():
    steered = Steered()
    say(event="ready", port=steered.phone.transport_info(steered.transport)["port"])
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        try:
            steered.obey(*line.split())
        except Error as error:
            say(event="error", args=list(error.args))
    steered.close()


main()
