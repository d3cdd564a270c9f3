"""A phone steered by lines on standard input; every event is a JSON object on standard output. Its one argument, a JSON
object, may set: "phone", "transport", "account", "session" (arguments of those methods of offhook._offhook.Phone),
"says" and "hears" (sound files: what is said once when the line is "say", and what the last call's peer said).

dial URI [N] | accept (answer what comes) | ring (let it ring) | answer | hold | resume | update | say | bye |
request METHOD [TEXT] | transfer URI | attended (the first call's peer takes our place in the last one) |
consent (agree to what is asked) | register | unregister | counters | quit
"""

import json
import sys
import threading

from offhook._offhook import Error, Phone

TYPES = {1: "incoming", 2: "state", 3: "media", 6: "request", 7: "response", 9: "hold_failed", 10: "said",
         20: "registration", 40: "question", 41: "transfer", 42: "replaced", 43: "transferred"}
STATES = ("NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
MEDIA = ("NULL", "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR")
ACTIVE = 1


def say(**fields):
    print(json.dumps(fields), flush=True)


class Steered:
    def __init__(self, settings):
        self.policy = ""
        self.consents = False
        self.call = 0
        self.says, self.hears = settings.get("says"), settings.get("hears")
        self.player, self.mouth, self.ear = 0, 0, 0
        self.phone = Phone(**{"handler": self.on_event, "max_calls": 1000, "rtp_timeout_ms": 0,
                              **settings.get("phone", {})})
        if self.says:
            self.player, self.mouth = self.phone.player_new(self.says)
        if self.hears:
            _, self.ear = self.phone.recorder_new(self.hears)
        self.transport = self.phone.transport_add(**{"address": "127.0.0.1", **settings.get("transport", {})})
        account = settings.get("account", {})
        account["credentials"] = [tuple(one) for one in account.get("credentials", [])]
        self.account = self.phone.account_add(transport=self.transport, **account)
        if "session" in settings:
            self.phone.account_set_session(self.account, **settings["session"])
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
        what, call, more = TYPES[event["type"]], event["call"] or {}, {}
        if what == "incoming":
            self.call = event["id"]
            if self.policy:
                self.phone.call_answer(event["id"], 180)
            if self.policy == "accept":
                self.phone.call_answer(event["id"], 200)
        elif what == "media" and call["media_state"] == ACTIVE and self.ear:
            self.phone.connect_many([(call["slot"], self.ear)])
        elif what == "registration":
            more = {"registration": self.phone.account_registration(event["id"])}
        elif what == "transfer":
            more = {"reason": event["reason"], "final": event["final"]}
        elif what == "transferred":
            self.call = event["id"]
        elif what == "question":
            more = {"kind": event["question"]["kind"], "target": event["question"]["target"]}
            if self.consents:
                self.phone.question_answer(event["question"]["ticket"], 200)
        say(event=what, id=event["id"], state=STATES[call.get("state", 0)],
            media=MEDIA[call.get("media_state", 0)], status=event["status"] or call.get("last_status"),
            error=event["error"] or call.get("error"), ended_by=call.get("ended_by"), **more)

    def obey(self, word, *rest):
        if word == "dial":
            for _ in range(int(rest[1]) if len(rest) > 1 else 1):
                self.call = self.phone.call_make(rest[0], self.account)
        elif word in ("accept", "ring"):
            self.policy = word
        elif word == "answer":
            self.phone.call_answer(self.call, 200)
        elif word == "hold":
            self.phone.call_hold(self.call)
        elif word == "resume":
            self.phone.call_reinvite(self.call)
        elif word == "update":
            self.phone.call_update(self.call)
        elif word == "say":
            self.phone.connect_many([(self.mouth, self.phone.call_info(self.call)["slot"])])
            self.phone.player_seek(self.player, 0)
        elif word == "bye":
            for call in self.phone.calls():
                self.phone.call_hangup(call)
        elif word == "request":
            self.phone.call_request(self.call, rest[0], None, *(("text/plain", " ".join(rest[1:])) if rest[1:] else ()))
        elif word == "transfer":
            self.phone.call_transfer(self.call, rest[0])
        elif word == "attended":
            self.phone.call_transfer_to(self.phone.calls()[0], self.call)
        elif word == "consent":
            self.consents = True
        elif word in ("register", "unregister"):
            self.phone.account_register(self.account, word == "register")
        elif word == "counters":
            say(event="counters", **self.phone.counters())


def main():
    steered = Steered(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
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
