"""The extension's program audio, messages, traces and ladders: two phones of one process on loopback."""

import array
import math
import threading
import wave

import pytest
from offhook import _offhook
from phones import LIMIT_S, Log, until

RATE = 16000
INCOMING, STATE, MARK, CLEARED, READABLE = 1, 2, 80, 81, 82
END, NEXT, RECORDED = 10, 95, 96
CONFIRMED = 5
ENOENT, EENDED = -3, -4


class Side:
    """A phone whose events a thread hands out."""

    def __init__(self, **settings):
        self.log = Log()
        self.phone = _offhook.Phone(self.on_event, clock_rate=RATE, codecs="L16/16000", **settings)
        transport = self.phone.transport_add(address="127.0.0.1")
        self.account = self.phone.account_add(transport=transport)
        self.uri = f"sip:127.0.0.1:{self.phone.transport_info(transport)['port']}"
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while True:
                self.phone.process(100)
        except _offhook.Error:
            pass  # closed

    def on_event(self, event):
        if event["type"] == INCOMING:
            self.phone.call_answer(event["id"])
        self.log.add(str(event["type"]), event)

    def wait(self, kind, count=1):
        return self.log.wait(str(kind), count)

    def close(self):
        self.phone.close()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()


@pytest.fixture
def sides():
    pair = Side(), Side()
    yield pair
    for side in pair:
        side.close()


@pytest.fixture
def talk(sides):
    """A call of the first to the second: (phone, call) of both."""
    one, two = sides
    call = one.phone.call_make(two.uri, one.account)
    taken = two.wait(INCOMING)["id"]
    for side, id in ((one, call), (two, taken)):
        until(lambda: side.phone.call_info(id)["state"] == CONFIRMED, "the call")
    return (one.phone, call), (two.phone, taken)


def tone(seconds, hz=500):
    return array.array("h", (int(8000 * math.sin(2 * math.pi * hz * i / RATE)) for i in range(int(RATE * seconds))))


def power(pcm, hz):
    """How strong hz is in 16-bit samples, 0 to 1 of their whole energy."""
    samples = array.array("h", pcm)
    re = sum(s * math.cos(2 * math.pi * hz * i / RATE) for i, s in enumerate(samples))
    im = sum(s * math.sin(2 * math.pi * hz * i / RATE) for i, s in enumerate(samples))
    energy = sum(s * s for s in samples) * len(samples) / 2
    return (re * re + im * im) / energy if energy else 0.0


def test_what_one_program_writes_the_other_reads(sides, talk):
    (one, call), (two, taken) = talk
    said, _ = one.audio_new(RATE, play_ms=4000, call=call)
    heard, _ = two.audio_new(RATE, heard_ms=4000, call=taken)
    pcm = tone(2)
    assert one.audio_write(said, pcm) == len(pcm)
    one.audio_mark(said, 7)
    mark = sides[0].wait(MARK)
    assert (mark["id"], mark["count"], mark["status"]) == (said, 7, 0)
    got = b""
    while power(got[-RATE:], 500) < 0.99:  # half a second of nothing but the tone
        chunk = two.audio_read(heard, 1600)
        assert len(chunk) == 3200
        got += chunk
    ledger = one.audio_info(said)
    assert ledger["written"] == ledger["heard"] == len(pcm) and ledger["queued"] == ledger["cleared"] == 0
    assert two.audio_info(heard)["read"] == len(got) // 2
    two.call_hangup(taken)
    with pytest.raises(_offhook.Error) as ended:
        while one.audio_write(said, pcm):
            pass
    assert ended.value.args[0] == EENDED


def write_wav(path, pcm, rate=RATE):
    with wave.open(str(path), "wb") as f:
        f.setparams((1, 2, rate, 0, "NONE", ""))
        f.writeframes(pcm.tobytes())
    return str(path)


def test_a_list_of_files_goes_into_the_channels_of_a_recording(sides, tmp_path):
    side, phone = sides[0], sides[0].phone
    files = [write_wav(tmp_path / f"{hz}.wav", tone(0.25, hz)) for hz in (500, 1000)]
    player, slot = phone.player_open(files, loops=2, paused=True, level=0.5, tell_removal=True)
    recorder, left, right = phone.recorder_open(str(tmp_path / "heard.flac"), channels=2, max_ms=600)
    phone.connect_many([(slot, left), (slot, right)])
    assert phone.player_info(player) == {
        "file": 0, "n_files": 2, "position": 0, "length": RATE // 4, "rate": RATE, "channels": 1, "format": 1,
        "paused": True, "level": 0.5}
    phone.player_pause(player, False)
    following = side.wait(NEXT)
    assert (following["id"], following["count"], following["text"]) == (player, 1, files[1])
    assert side.wait(RECORDED)["status"] == 0
    assert phone.recorder_position(recorder) == (RATE * 6 // 10, 0)
    phone.recorder_pause(recorder)
    phone.player_set_level(player, 1)
    assert side.wait(END)["status"] == 0
    phone.player_move(player, 1, 100)
    phone.port_remove(player)
    assert side.wait(END, 2)["status"] == 2  # before it had played on
    phone.port_remove(recorder)
    assert (tmp_path / "heard.flac").read_bytes()[:4] == b"fLaC"


def test_files_that_cannot_be_opened_say_why(sides, tmp_path):
    phone = sides[0].phone
    with pytest.raises(_offhook.Error, match="there is no file"):
        phone.player_open([str(tmp_path / "missing.wav")])
    with pytest.raises(_offhook.Error, match="was not asked for"):
        phone.player_open([write_wav(tmp_path / "x.wav", tone(0.1))], formats=2)
    for wrong in ("x.wav", ("x.wav",), [1], ["\ud800"]):
        with pytest.raises((TypeError, UnicodeEncodeError)):
            phone.player_open(wrong)
    with pytest.raises(_offhook.Error, match="channels: 1 or 2"):
        phone.recorder_open(str(tmp_path / "x.wav"), 3)
    for method, args in (("player_info", (1,)), ("player_move", (1, 0)), ("player_pause", (1,)),
                         ("player_set_level", (1, 1.0)), ("recorder_pause", (1,)), ("recorder_position", (1,))):
        with pytest.raises(_offhook.Error) as caught:
            getattr(phone, method)(*args)
        assert caught.value.args[0] == ENOENT
        with pytest.raises(TypeError):
            getattr(phone, method)()


def test_clear_drops_what_was_not_heard(sides):
    phone = sides[0].phone
    port, slot = phone.audio_new(RATE, play_ms=2000)
    queued = phone.audio_write(port, tone(3), wait_ms=0)
    assert 2 * RATE <= queued < 3 * RATE  # what there is room for
    phone.audio_mark(port, 1)
    assert phone.audio_clear(port) == queued
    phone.connect_many([(slot, phone.slot_of(0))])
    assert sides[0].wait(CLEARED)["id"] == port and sides[0].wait(MARK)["status"] == 1
    assert phone.audio_info(port)["cleared"] == queued
    phone.port_remove(port)
    with pytest.raises(_offhook.Error) as gone:
        phone.audio_read(port, 100)
    assert gone.value.args[0] == ENOENT


def test_other_threads_run_while_one_waits(sides):
    phone = sides[0].phone
    port, _ = phone.audio_new(RATE)
    result = []
    waiting = threading.Thread(target=lambda: result.append(phone.audio_read(port, 1600, 5000)))
    waiting.start()
    assert phone.audio_read(port, 1600, wait_ms=1) == b""  # nobody is connected: the other one still waits
    assert waiting.is_alive()
    phone.connect_many([(phone.audio_info(port)["slot"], phone.audio_info(port)["slot"])])
    waiting.join(LIMIT_S)
    assert len(result[0]) == 3200


def test_readable_by_event_and_descriptor(sides):
    phone = sides[0].phone
    port, slot = phone.audio_new(RATE, events=True, user=5)
    assert phone.audio_fileno(port) >= 0 and phone.audio_fileno(port, True) >= 0
    phone.audio_read(port, 10, 0)
    phone.connect_many([(slot, slot)])
    assert sides[0].wait(READABLE)["user"] == 5
    phone.audio_pause(port)
    phone.audio_pause(port, False)


def test_buffers(sides):
    phone = sides[0].phone
    port, _ = phone.audio_new(8000)
    assert [phone.audio_write(port, pcm, 0) for pcm in (
        b"", bytes(20), bytearray(20), memoryview(bytes(21))[1:], array.array("h", [1, 2]))] == [0, 10, 10, 10, 2]
    for wrong, error in ((bytes(3), ValueError), ("text", TypeError)):
        with pytest.raises(error):
            phone.audio_write(port, wrong)
    with pytest.raises(_offhook.Error, match="OH_EINVAL"):
        phone.audio_new(12345)


def test_trace_and_ladder(sides, talk, tmp_path):
    (one, call), _ = talk
    with pytest.raises(_offhook.Error):
        one.trace_start(keep=False)  # no destination
    pcap = tmp_path / "one.pcap"
    trace, file = one.trace_start(call), one.trace_start(pcap=str(pcap), keep=False)
    one.call_request(call, "INFO")
    sides[0].wait(7)
    messages = one.trace_drain(trace)
    assert [(m["sent"], m["text"].split("\r\n")[0].split(" sip:")[0]) for m in messages] == [
        (1, "INFO"), (0, "SIP/2.0 200 OK")]
    assert messages[0]["time_ns"] <= messages[1]["time_ns"] and messages[0]["transport"] == 1
    assert messages[0]["sip_call_id"] == one.call_info(call)["sip_call_id"]
    assert messages[0]["local"].startswith("127.0.0.1:") and messages[0]["remote"].startswith("127.0.0.1:")
    one.call_request(call, "INFO")
    sides[0].wait(7, 2)
    assert one.trace_info(trace) == {"messages": 4, "dropped": 0}
    assert len(one.trace_stop(trace)) == 2 and one.trace_stop(file) == []
    assert b"INFO sip:" in pcap.read_bytes()
    for operation in (one.trace_stop, one.trace_drain, one.trace_info):
        with pytest.raises(_offhook.Error):
            operation(trace)
    one.call_hangup(call)
    until(lambda: "BYE" in one.call_ladder(call), "the end of the ladder")
    assert one.call_ladder(call).count("INFO") >= 2
    with pytest.raises(_offhook.Error):
        one.call_ladder(999999)


def test_a_phone_with_running_traces_is_given_back():
    side = Side()
    side.phone.trace_start()
    side.phone.message_send(side.account, side.uri, "text/plain", b"hi")
    side.wait(51)
    side.close()
