"""The contract's presence: sections 5, 8 and 11. A phone that follows itself sees both sides."""

import pjsua as pj
import pytest
from phones import Log, OnAccount, code_of, header, until

STATE = pj.SubscriptionState


class Watched(OnAccount):
    def __init__(self, phone, answer=(200, None)):
        OnAccount.__init__(self, phone)
        self.log, self.answer = Log(), answer

    def on_incoming_subscribe(self, buddy, from_uri, contact_uri, pres_obj):
        self.log.add("subscribe", (buddy, from_uri, contact_uri, pres_obj))
        return self.answer

    def on_pager(self, from_uri, contact, mime_type, body):
        self.log.add("pager", body)

    def on_typing(self, from_uri, contact, is_typing):
        self.log.add("typing", (from_uri, contact, is_typing))

    def on_mwi_info(self, body):
        self.log.add("mwi", body)


class OnBuddy(pj.BuddyCallback):
    def __init__(self, buddy=None):
        pj.BuddyCallback.__init__(self, buddy)
        self.states, self.log = [], Log()

    def on_state(self):
        info = self.buddy.info()
        self.states.append((info.sub_state, info.online_text))

    def on_pager(self, mime_type, body):
        self.log.add("pager", (mime_type, body))

    def on_pager_status(self, body, im_id, code, reason):
        self.log.add("status", (body, im_id, code, reason))

    def on_typing(self, is_typing):
        self.log.add("typing", is_typing)


@pytest.fixture
def watched(phone):
    phone.account.set_callback(cb := Watched(phone))
    return cb


def test_s11_a_buddy_is_seen(phone, watched):
    buddy = phone.account.add_buddy(phone.uri, cb := OnBuddy())
    assert str(buddy) == f"{{Buddy {phone.uri}}}" and cb.buddy.info().uri == phone.uri
    assert vars(buddy.info()) == dict(uri=phone.uri, contact="", online_status=0, online_text="?", activity=0,
                                      subscribed=0, sub_state=STATE.NULL, sub_term_reason="")
    buddy.subscribe()
    assert cb.states[0] == (STATE.SENT, "?")  # inside of the call
    asked = watched.log.wait("subscribe")
    assert asked[0] is buddy and asked[1] == "<sip:127.0.0.1>" and asked[2].startswith("<sip:")
    assert until(lambda: (STATE.ACTIVE, "Offline") in cb.states)
    phone.account.set_basic_status(True)
    assert until(lambda: cb.states[-1] == (STATE.ACTIVE, "Online"))
    phone.account.set_presence_status(True, pj.PresenceActivity.AWAY, "at lunch")
    assert until(lambda: cb.states[-1] == (STATE.ACTIVE, "at lunch"))
    info = buddy.info()
    assert (info.online_status, info.activity, info.subscribed) == (1, pj.PresenceActivity.AWAY, 1)
    assert (phone.account.info().online_status, phone.account.info().online_text) == (1, "at lunch")
    buddy.unsubscribe()
    assert cb.states[-1] == (STATE.TERMINATED, "?") and not buddy.info().subscribed
    order = [state for state, _ in cb.states]
    assert order.index(STATE.SENT) < order.index(STATE.ACTIVE) < order.index(STATE.TERMINATED)
    buddy.delete()
    assert code_of(buddy.info) and code_of(buddy.subscribe)


def test_s8_decided_later_by_pres_notify(phone, watched):
    watched.answer = (202, "Accepted")
    buddy = phone.account.add_buddy(phone.uri, cb := OnBuddy())
    buddy.subscribe()
    watcher = watched.log.wait("subscribe")[3]
    assert until(lambda: cb.states[-1][0] == STATE.PENDING)
    phone.account.pres_notify(watcher, STATE.ACTIVE)
    assert until(lambda: cb.states[-1] == (STATE.ACTIVE, "Offline"))
    phone.account.pres_notify(watcher, STATE.TERMINATED, "rejected")
    assert until(lambda: cb.states[-1][0] == STATE.TERMINATED)
    assert buddy.info().sub_term_reason == "rejected"
    phone.account.pres_notify(watcher, STATE.ACTIVE)  # D31: gone, and nobody hears of that
    phone.account.pres_notify("nonsense", STATE.ACTIVE)
    buddy.delete()


@pytest.mark.parametrize("answer", [(403, None), (486, "Not you"), "nonsense", None])
def test_s8_refused(phone, watched, answer):
    watched.answer = answer
    buddy = phone.account.add_buddy(phone.uri, cb := OnBuddy())
    buddy.subscribe()
    assert until(lambda: cb.states[-1][0] == STATE.TERMINATED)
    assert buddy.info().sub_term_reason == ("Not you" if isinstance(answer, tuple) and answer[1] else "Forbidden")
    buddy.delete()


def test_s11_messages_and_typing_go_to_the_buddy(phone, watched):
    phone.account.send_pager(phone.uri, "before")
    assert watched.log.wait("pager") == "before"
    buddy = phone.account.add_buddy(phone.uri, cb := OnBuddy())
    buddy.send_pager("Grüße", 5)
    assert cb.log.wait("pager") == ("text/plain", "Grüße")
    assert cb.log.wait("status") == ("Grüße", 5, 200, "OK")
    buddy.send_typing_ind()
    assert cb.log.wait("typing") == 1
    buddy.send_typing_ind(False)
    assert cb.log.wait("typing", 2) == 0
    buddy.delete()


def test_s8_typing_of_a_stranger(phone, watched, peer):
    buddy = phone.account.add_buddy(peer.uri)
    buddy.send_typing_ind(hdr_list=[("X-Why", "tea")])
    request = peer.receive("MESSAGE")
    peer.reply(request, "200 OK")
    assert header(request, "Content-Type") == "application/im-iscomposing+xml" and header(request, "X-Why") == "tea"
    assert "<state>active</state>" in request
    buddy.delete()
    body = request.split("\r\n\r\n", 1)[1]
    text = peer.invite(phone.transport.info().port, body="").replace("INVITE", "MESSAGE").replace("peer-1", "peer-3")
    text = text.replace("Content-Length: 0", f"Content-Type: application/im-iscomposing+xml\r\nContent-Length: {len(body)}")
    peer.send(text + body, ("127.0.0.1", phone.transport.info().port))
    assert watched.log.wait("typing") == ("<sip:peer@127.0.0.1>", f"<{peer.uri}>", 1)


def test_s8_waiting_messages_unasked(phone, watched, peer):
    body = "Messages-Waiting: yes\r\nVoice-Message: 1/0\r\n"
    text = peer.invite(phone.transport.info().port, body="").replace("INVITE", "NOTIFY").replace("peer-1", "peer-4")
    text = text.replace("Content-Length: 0", "Event: message-summary\r\nSubscription-State: active\r\n"
                        f"Content-Type: application/simple-message-summary\r\nContent-Length: {len(body)}")
    peer.send(text + body, ("127.0.0.1", phone.transport.info().port))
    assert watched.log.wait("mwi") == body


def test_s4_an_account_publishes_and_asks_for_messages(phone, peer):
    config = pj.AccountConfig()
    config.id, config.publish_enabled, config.mwi_enabled, config.pidf_tuple_id = peer.uri, 1, 1, "t42"
    account = phone.lib.create_account(config, False)
    request = peer.receive("SUBSCRIBE")
    assert header(request, "Event") == "message-summary"
    peer.reply(request, "489 Bad Event")
    account.set_presence_status(True, pj.PresenceActivity.BUSY, "x")
    request = peer.receive("PUBLISH")
    assert header(request, "Event") == "presence" and 'id="t42"' in request and "<basic>open</basic>" in request
    peer.reply(request, "404 Not Found")
    account.delete()


def test_s11_a_uri_that_is_none(phone):
    assert code_of(phone.account.add_buddy, "bob") == 171039
