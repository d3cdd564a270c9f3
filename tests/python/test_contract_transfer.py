"""The contract's transfers: sections 9 and 10, K26, D12, D13."""

import pjsua as pj
from phones import CONFIRMED, DISCONNECTED, OnCall, code_of, until


class Transferring(OnCall):
    """Notes the transfer's events and answers as it was told."""

    def __init__(self, consent=None, goes_on=1, replaced=(200, "OK")):
        OnCall.__init__(self)
        self.consent, self.goes_on, self.replaced = consent, goes_on, replaced
        self.new_calls = []

    def on_transfer_request(self, dst, code):
        self.log.add("request", (dst, code))
        return code if self.consent is None else self.consent

    def on_transfer_status(self, code, reason, final, cont):
        self.log.add("status", (code, reason, final, cont))
        return self.goes_on

    def on_replace_request(self, code, reason):
        self.log.add("replace", (code, reason))
        return self.replaced

    def on_replaced(self, new_call):
        self.new_calls.append(new_call)
        self.log.add("replaced", new_call)


def statuses(cb):
    return [detail for name, detail in cb.log.entries if name == "status"]


def talk(phone, **told):
    """A call of the phone with itself; both ends note transfers."""
    pair = phone.connect()
    out, into = Transferring(), Transferring(**told)
    pair.caller.set_callback(out)
    pair.callee.set_callback(into)
    return pair, out, into


def test_transfer_asks_the_peer_and_both_calls_stay(phone):
    """K26, D12: nothing is hung up, and the new call has an object of its own."""
    pair, out, into = talk(phone)
    before = {id(call) for call in phone.lib._calls.values()}
    pair.caller.transfer(phone.uri, [("X-Why", "lunch")])
    reached = phone.log.wait("incoming", 2)
    out.log.wait("status", 3)
    until(lambda: statuses(out)[-1][2] == 1, "the last status")
    assert into.log.find("request") == [(phone.uri, 202)]
    assert statuses(out)[0] == (100, "Accepted", 0, 1) and statuses(out)[-1] == (200, "OK", 1, 1)
    assert all(final == 0 for _, _, final, _ in statuses(out)[:-1])
    made = [call for call in phone.lib._calls.values() if id(call) not in before and call is not reached.call]
    assert len(made) == 1 and made[0].info().state == CONFIRMED
    assert pair.caller.info().state == pair.callee.info().state == CONFIRMED
    assert not into.log.find("state")  # the old callback hears nothing of the new call
    made[0].hangup()
    reached.cb.log.wait("state", state=DISCONNECTED)
    assert pair.caller.is_valid() == 1


def test_a_transfer_refused_by_the_callback(phone):
    pair, out, into = talk(phone, consent=486)
    pair.caller.transfer(phone.uri)
    until(lambda: statuses(out), "a status")
    assert statuses(out) == [(486, "Busy Here", 1, 1)]
    assert len(phone.log.find("incoming")) == 1


def test_a_code_below_200_is_taken_for_202(phone):
    pair, out, into = talk(phone, consent=0)
    pair.caller.transfer(phone.uri)
    phone.log.wait("incoming", 2)
    until(lambda: statuses(out) and statuses(out)[-1][2], "the last status")


def test_zero_stops_the_reports(phone):
    pair, out, into = talk(phone)
    out.goes_on = 0
    phone.answer = lambda call: call.answer(180)
    pair.caller.transfer(phone.uri)
    reached = phone.log.wait("incoming", 2)
    reached.call.answer(200)
    reached.cb.log.wait("state", state=CONFIRMED)
    assert all(code == 100 and not final for code, _, final, _ in statuses(out))


def test_transfer_to_call_and_on_replaced(phone):
    """D13: the call that takes the place has an object before on_replaced() runs."""
    pair, out, into = talk(phone)
    asked = OnCall()
    second = phone.account.make_call(phone.uri, asked)
    reached = phone.log.wait("incoming", 2)
    asked.log.wait("state", state=CONFIRMED)
    theirs = Transferring()
    until(lambda: reached.call.info().state == CONFIRMED, "the second call")
    reached.call.set_callback(theirs)
    pair.caller.transfer_to_call(second)
    new_call = theirs.log.wait("replaced")
    assert theirs.log.find("replace") == [(200, "OK")]
    theirs.log.wait("state", state=DISCONNECTED)
    asked.log.wait("state", state=DISCONNECTED)
    until(lambda: new_call.info().state == CONFIRMED, "the new call")
    assert isinstance(new_call, pj.Call) and new_call is not reached.call
    assert len(phone.log.find("incoming")) == 2  # no on_incoming_call for what replaces a call
    assert pair.caller.is_valid() == 1


def test_a_replacement_refused(phone):
    pair, out, into = talk(phone)
    asked = OnCall()
    second = phone.account.make_call(phone.uri, asked)
    reached = phone.log.wait("incoming", 2)
    asked.log.wait("state", state=CONFIRMED)
    until(lambda: reached.call.info().state == CONFIRMED, "the second call")
    theirs = Transferring(replaced=(486, "Not him"))
    reached.call.set_callback(theirs)
    pair.caller.transfer_to_call(second)
    until(lambda: statuses(out) and statuses(out)[-1][2], "the last status")
    assert statuses(out)[-1][:3] == (486, "Not him", 1)
    assert second.is_valid() == 1 and reached.call.is_valid() == 1


def test_what_cannot_be_transferred(phone):
    pair = phone.ring()
    assert code_of(pair.caller.transfer, phone.uri) == 171141
    assert code_of(pair.callee.transfer_to_call, pair.caller) == 171141
    pair.callee.hangup()
    pair.out.log.wait("state", state=DISCONNECTED)
    assert code_of(pair.caller.transfer, phone.uri) == 171140
