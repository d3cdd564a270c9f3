"""A voice agent's body: answers calls at a port, says a WAV file, listens, stops when it is interrupted, knows how much of it
was heard; the digit 0 sends the caller to somebody else: voice_agent.py PORT FILE.wav sip:human@example.test"""
import sys
import threading
import wave

import offhook
from offhook import CallState, EventType

EAR_RATE, FRAME = 16000, 320  # what a recogniser of speech wants; 20 ms


class Agent:
    """One call: an ear and a mouth, each with a thread and a rate of its own."""

    def __init__(self, phone, call, file):
        self.phone, self.call, self.file = phone, call, file
        with wave.open(file) as said:
            self.rate = said.getframerate()
        self.mouth, _ = phone.audio_new(self.rate, play_ms=10000, call=call)
        self.ear, _ = phone.audio_new(EAR_RATE, heard_ms=5000, call=call)
        phone.call_listen(call, speech=True, speech_start_ms=100)
        for work in (self.speak, self.listen):
            threading.Thread(target=work, daemon=True).start()

    def speak(self):
        try:
            with wave.open(self.file) as said:
                while pcm := said.readframes(self.rate // 50):
                    self.phone.audio_write(self.mouth, pcm)  # waits while ten seconds are queued
            self.phone.audio_mark(self.mouth, 1)
        except offhook.Error as error:
            print("mouth:", error, flush=True)

    def listen(self):
        heard = 0
        try:
            while True:
                heard += len(self.phone.audio_read(self.ear, FRAME)) // 2  # here they would be recognised
        except offhook.Error:
            print(f"heard {heard / EAR_RATE:.1f} s", flush=True)  # the call has ended

    def interrupted(self):
        if self.phone.audio_info(self.mouth)["queued"]:
            self.phone.audio_clear(self.mouth, fade_ms=10)  # an event tells when the ledger is exact

    def told(self, how):
        print(f"{how} after {self.phone.audio_info(self.mouth)['heard'] / self.rate:.1f} s", flush=True)

    def end(self):
        for port in (self.mouth, self.ear):
            self.phone.port_remove(port)


class Program:
    def __init__(self, port, file, human):
        self.file, self.human, self.agents = file, human, {}
        self.phone = offhook.Phone(self.on_event, codecs="opus, G722, PCMU")
        self.phone.account_add(transport=self.phone.transport_add(port=port))

    def on_event(self, event):
        kind, call = event["type"], event["id"]
        if kind == EventType.CALL_INCOMING:
            self.agents[call] = Agent(self.phone, call, self.file)
            self.phone.call_answer(call)
        elif kind in (EventType.AUDIO_CLEARED, EventType.AUDIO_MARK):
            for agent in self.agents.values():
                if agent.mouth == call and (kind == EventType.AUDIO_CLEARED or event["status"] == 0):
                    agent.told("interrupted" if kind == EventType.AUDIO_CLEARED else "finished")
        elif call not in self.agents:
            return
        elif kind == EventType.CALL_SPEECH and event["status"]:
            self.agents[call].interrupted()
        elif kind == EventType.CALL_DTMF and event["digit"] == "0":
            self.phone.call_transfer(call, self.human)
        elif kind == EventType.TRANSFER_STATUS and event["final"]:
            print("transfer:", event["status"], event["reason"], flush=True)
            self.phone.call_hangup(call)
        elif kind == EventType.CALL_STATE and event["call"]["state"] == CallState.DISCONNECTED:
            self.agents.pop(call).end()

    def run(self):
        try:
            while True:
                self.phone.process(-1)
        except KeyboardInterrupt:
            self.phone.close()


if len(sys.argv) != 4 or not sys.argv[1].isdigit():
    sys.exit(__doc__)
Program(int(sys.argv[1]), sys.argv[2], sys.argv[3]).run()
