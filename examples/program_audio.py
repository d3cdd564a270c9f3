"""Answers calls at a port and gives back what it hears a second later, through code of its own; any digit silences it."""
import sys
import threading

import offhook
from offhook import CallState, EventType

RATE, FRAME = 16000, 320  # 20 ms


class Echo:
    """One call: a thread reads what the caller says and writes it again."""

    def __init__(self, phone, call):
        self.phone = phone
        self.port, _ = phone.audio_new(RATE, play_ms=5000, call=call)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            self.phone.audio_write(self.port, bytes(RATE * 2))  # a second of silence first
            while True:
                heard = self.phone.audio_read(self.port, FRAME)  # waits without holding other threads
                self.phone.audio_write(self.port, self.change(heard))
        except offhook.Error as error:
            print("echo ends:", error.sentence, flush=True)  # the call has ended

    def change(self, pcm):
        """The place for what a program does with 16-bit samples."""
        return pcm

    def silence(self):
        print("cleared:", self.phone.audio_clear(self.port, 10), flush=True)


class Program:
    def __init__(self, port):
        self.calls = {}
        self.phone = offhook.Phone(self.on_event)
        transport = self.phone.transport_add(port=port)
        self.phone.account_add(transport=transport)

    def on_event(self, event):
        kind, call = event["type"], event["id"]
        if kind == EventType.CALL_INCOMING:
            self.calls[call] = Echo(self.phone, call)
            self.phone.call_answer(call)
        elif kind == EventType.CALL_DTMF and call in self.calls:
            self.calls[call].silence()
        elif kind == EventType.CALL_STATE and event["call"]["state"] == CallState.DISCONNECTED and call in self.calls:
            self.phone.port_remove(self.calls.pop(call).port)

    def run(self):
        try:
            while True:
                self.phone.process(-1)
        except KeyboardInterrupt:
            self.phone.close()


if len(sys.argv) != 2 or not sys.argv[1].isdigit():
    sys.exit("usage: program_audio.py PORT")
Program(int(sys.argv[1])).run()
