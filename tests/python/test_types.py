"""The module and the package under it pass mypy's strict mode, as they are installed; what is said of dicts is what the
extension makes."""

import re
import subprocess
import sys
import typing

import offhook
import pytest
from conftest import BUILD, ROOT
from test_extension_audio import sides, talk, tone, until  # noqa: F401: fixtures

MADE = {"call_info": offhook.CallInfo, "question": offhook.Question, "waiting": offhook.Waiting, "dialog": offhook.DialogInfo,
        "event": offhook.Event, "buddy_info": offhook.BuddyInfo}
FORMATS = {"K": int, "I": int, "i": int, "d": float, "y#": typing.Optional[bytes]}  # N is whatever was made before
QUESTION, BUDDY_STATE, SPEECH, DTMF = 40, 52, 101, 4

PROGRAM = """
import offhook

def on_event(event: offhook.Event) -> None:
    call, detail, question = event["call"], event["detail"], event["question"]
    if call and call["state"] == offhook.CallState.CONFIRMED:
        print(call["call_time"] + 1.0, event["digit"].upper(), question and question["from"].upper())
    if detail and "note" in detail:
        print(detail["note"].upper())
    reveal_type(event[%s])

offhook.Phone(on_event)
"""


def mypy(need, tmp_path, *what):
    return subprocess.run(
        [need("mypy"), "--strict", "--python-version", "3.11", "--cache-dir", str(tmp_path / "cache"), *what],
        env={"MYPYPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)


def test_mypy_strict(need, tmp_path):
    result = mypy(need, tmp_path, "-p", "pjsua", "-p", "offhook")
    assert result.returncode == 0, result.stdout + result.stderr
    result = mypy(need, tmp_path, "-c", PROGRAM % '"duration_ms"')
    assert result.returncode == 0 and 'Revealed type is "builtins.int"' in result.stdout, result.stdout + result.stderr
    result = mypy(need, tmp_path, "-c", PROGRAM % '"durations"')
    assert result.returncode == 1 and "durations" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize("name", MADE)
def test_the_keys_of_a_dict_are_those_that_the_extension_makes(name):
    source = (ROOT / "python" / "offhook" / "convert.c").read_text(encoding="utf-8")
    body = re.search(rf"^[a-z ]*PyObject \*dict_from_{name}\(.*?^}}$", source, re.S | re.M)[0]
    texts = iter(re.findall(r'"([^"]*)"', body[body.index("Py_BuildValue("):]))
    made = ""
    while not made.endswith("}"):
        made += next(texts)
    formats = [part.removeprefix("s:") for part in made.strip("{}").split(",")]
    hints = typing.get_type_hints(MADE[name])
    assert list(texts) == list(hints)
    for (key, hint), given in zip(hints.items(), formats, strict=True):
        assert given in ("N", "s") or FORMATS[given] == hint, (key, given, hint)


def is_a(value, hint):
    """Is a value what its annotation says, down to the last key?"""
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint)
        return isinstance(value, dict) and set(value) == set(hints) and all(is_a(value[key], hints[key]) for key in hints)
    if typing.get_origin(hint) is typing.Union:
        return any(is_a(value, one) for one in typing.get_args(hint))
    return type(value) is hint


def test_events_are_what_is_said_of_them(sides, talk):  # noqa: F811
    (one, call), (two, taken) = talk
    assert is_a(one.call_info(call), offhook.CallInfo)
    two.call_listen(taken, speech=True)
    one.call_dtmf(call, "5")
    said, _ = one.audio_new(16000, play_ms=4000, call=call)
    one.audio_write(said, tone(0.6))
    assert sides[1].wait(DTMF)["digit"] == "5"
    assert sides[1].wait(SPEECH)["status"] == 1
    buddy = one.buddy_add(sides[0].account, sides[1].uri, subscribe=True)
    two.question_answer(sides[1].wait(QUESTION)["question"]["ticket"], 200)
    assert is_a(sides[0].wait(BUDDY_STATE)["detail"], offhook.BuddyInfo)
    assert is_a(one.buddy_info(buddy), offhook.BuddyInfo)
    for side in sides:
        for kind, event in list(side.log.entries):
            assert is_a(event, offhook.Event), (kind, event)


def test_why_the_peer_hung_up_is_told(sides, talk):  # noqa: F811
    _, (two, taken) = talk
    two.call_hangup(taken, headers=[("Reason", 'SIP;cause=200;text="Elsewhere", Q.850;cause=26')])
    ended = []
    until(lambda: ended.extend(event["call"] for _, event in list(sides[0].log.entries)
                               if event["call"] and event["call"]["state"] == offhook.CallState.DISCONNECTED) or ended,
          "the end")
    assert [ended[0][key] for key in ("reason_text", "reason_sip", "reason_q850", "asserted_identity")] == [
        "Elsewhere", 200, 26, ""]


def test_every_name_of_the_module_has_a_docstring():
    code = ("import inspect, pjsua\n"
            "missing = [f'{n}.{m}' for n, c in vars(pjsua).items() if inspect.isclass(c) for m, f in vars(c).items()"
            " if inspect.isfunction(f) and not m.startswith('_') and not f.__doc__]\n"
            "print(missing)\n")
    out = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(BUILD / "python"), "PATH": "/usr/bin:/bin"},
                         capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
