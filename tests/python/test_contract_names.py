"""The contract's sections 1 to 5, 12 and 15: names, constants, settings, snapshots, URIs, texts of codes."""

import inspect
import re

import pjsua as pj
import pytest

NAMES = """Error TransportType TransportFlag CallRole CallState MediaState MediaDir PresenceActivity SubscriptionState
    TURNConnType UAConfig LogConfig MediaConfig TransportConfig AccountConfig AuthCred TransportInfo AccountInfo CallInfo
    BuddyInfo SoundDeviceInfo CodecInfo CodecParameter Lib Transport Account AccountCallback Call CallCallback Buddy
    BuddyCallback SIPUri enable_trace _lib _pjsua threading weakref time thread""".split()


@pytest.mark.parametrize("name", NAMES)
def test_s1_name(name):
    assert hasattr(pj, name)


def test_s1_enable_trace_is_off_and_lib_is_none():
    assert pj.enable_trace is False and pj._lib is None


def test_k24_time_and_low_level_module_are_reachable():
    import time

    assert pj.time is time and callable(pj._pjsua.enum_conf_ports) and callable(pj._pjsua.conf_get_port_info)


# ---- 2 Error ----


def test_s2_error_holds_its_four_values():
    obj = object()
    e = pj.Error("make_call()", obj, 70013)
    assert (e.op_name, e.obj, e.err_code) == ("make_call()", obj, 70013)
    assert e.args == ("make_call()", obj, 70013, "") and isinstance(e, Exception)
    assert (pj.Error.op_name, pj.Error.obj, pj.Error.err_code) == ("", None, -1)


def test_k2_err_msg_is_a_method_whose_text_carries_the_symbol():
    assert pj.Error("x()", None, 70013).err_msg() == "Invalid operation (PJ_EINVALIDOP)"
    assert pj.Error("x()", None, -1, "given").err_msg() == "given"


def test_s2_str():
    assert str(pj.Error("info", "{Call sip:u@h}", -1, "Invalid call")) == (
        "Object: {Call sip:u@h}, operation=info, error=Invalid call")


def test_d1_an_error_can_be_raised_and_caught():
    with pytest.raises((pj.Error, TypeError)) as caught:
        raise pj.Error("x()", None, 70004)
    assert caught.value.err_code == 70004


# ---- 3 constants ----

CONSTANTS = {
    "CallState": dict(NULL=0, CALLING=1, INCOMING=2, EARLY=3, CONNECTING=4, CONFIRMED=5, DISCONNECTED=6),
    "MediaState": dict(NULL=0, ACTIVE=1, LOCAL_HOLD=2, REMOTE_HOLD=3, ERROR=4),
    "MediaDir": dict(NULL=0, ENCODING=1, DECODING=2, ENCODING_DECODING=3),
    "CallRole": dict(CALLER=0, CALLEE=1),
    "TransportType": dict(UNSPECIFIED=0, UDP=1, TCP=2, TLS=3, IPV6=128, UDP_IPV6=129, TCP_IPV6=130),
    "TransportFlag": dict(RELIABLE=1, SECURE=2, DATAGRAM=4),
    "PresenceActivity": dict(UNKNOWN=0, AWAY=1, BUSY=2),
    "SubscriptionState": dict(NULL=0, SENT=1, ACCEPTED=2, PENDING=3, ACTIVE=4, TERMINATED=5, UNKNOWN=6),
    "TURNConnType": dict(UDP=17, TCP=6, TLS=255),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_k4_constants_are_plain_ints_in_plain_classes(name):
    cls = getattr(pj, name)
    values = {key: value for key, value in vars(cls).items() if not key.startswith("_")}
    assert values == CONSTANTS[name] and type(cls) is type
    assert all(type(value) is int for value in values.values())


# ---- 4 settings ----

SETTINGS = {
    "UAConfig": dict(max_calls=4, nameserver=[], stun_domain="", stun_host="", user_agent="pjsip python"),
    "LogConfig": dict(msg_logging=1, level=5, console_level=4, decor=25328, filename="", callback=None),
    "MediaConfig": dict(clock_rate=16000, snd_clock_rate=0, snd_auto_close_time=1, channel_count=1, audio_frame_ptime=20,
                        max_media_ports=254, quality=8, ptime=0, no_vad=0, ilbc_mode=30, tx_drop_pct=0, rx_drop_pct=0,
                        ec_options=0, ec_tail_len=200, jb_min=-1, jb_max=-1, enable_ice=0, enable_turn=0,
                        turn_server="", turn_conn_type=17, turn_cred=None),
    "TransportConfig": dict(port=0, bound_addr="", public_addr="", qos_type=0, qos_params_flags=0,
                            qos_params_dscp_val=0, qos_params_so_prio=0, qos_params_wmm_prio=0),
    "AccountConfig": dict(priority=0, id="", force_contact="", reg_uri="", reg_timeout=300, require_100rel=0,
                          publish_enabled=0, pidf_tuple_id="", proxy=[], auth_cred=[], auth_initial_send=0,
                          auth_initial_algorithm="", transport_id=-1, allow_contact_rewrite=1, ka_interval=15,
                          ka_data="\r\n", use_srtp=0, srtp_secure_signaling=1, mwi_enabled=0),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_s4_defaults(name):
    made = dict(vars(getattr(pj, name)()))
    made.pop("rtp_transport_cfg", None)
    assert made == SETTINGS[name]


def test_s4_log_config_keeps_defaults_for_minus_one_and_takes_zero():
    assert (pj.LogConfig(level=0).level, pj.LogConfig(console_level=0).console_level) == (0, 0)
    cfg = pj.LogConfig(3, "f.log", print, 2)
    assert (cfg.level, cfg.filename, cfg.callback, cfg.console_level) == (3, "f.log", print, 2)


@pytest.mark.parametrize(("args", "made_id", "reg_uri", "proxy", "users"), [
    (("example.com",), "<sip:example.com>", "sip:example.com", ["sip:example.com;lr"], []),
    (("example.com", "u", "p"), "<sip:u@example.com>", "sip:example.com", ["sip:example.com;lr"], ["u"]),
    (("example.com", "u", "p", "Me"), "Me <sip:u@example.com>", "sip:example.com", ["sip:example.com;lr"], ["u"]),
    (("example.com", "u", "p", "", "sip:r", "sip:x;lr"), "<sip:u@example.com>", "sip:r", ["sip:x;lr"], ["u"]),
])
def test_k18_account_config_of_a_domain(args, made_id, reg_uri, proxy, users):
    cfg = pj.AccountConfig(*args)
    assert (cfg.id, cfg.reg_uri, cfg.proxy) == (made_id, reg_uri, proxy)
    assert [(c.realm, c.username, c.scheme, c.passwd_type) for c in cfg.auth_cred] == [
        ("*", user, "Digest", 0) for user in users]


def test_s4_build_config_on_its_own():
    cfg, rtp = pj.AccountConfig(), pj.TransportConfig(4000)
    cfg.build_config("h", "u", "p", rtp_transport_cfg=rtp)
    assert cfg.id == "<sip:u@h>" and cfg.rtp_transport_cfg is rtp


def test_d6_d32_no_list_is_shared():
    pj.AccountConfig("h", "u", "p")
    pj.UAConfig().nameserver.append("192.0.2.1")
    assert pj.AccountConfig().auth_cred == [] and pj.AccountConfig().proxy == [] and pj.UAConfig().nameserver == []
    assert len(pj.AccountConfig("h", "v", "p").auth_cred) == 1


def test_s4_auth_cred():
    c = pj.AuthCred("*", "u", "p")
    assert vars(c) == dict(realm="*", username="u", passwd="p", scheme="Digest", passwd_type=0)


# ---- 5, 9.5 snapshots ----


def test_k5_call_info_holds_everything_in_its_dict():
    assert vars(pj.CallInfo()) == dict(
        role=0, account=None, uri="", contact="", remote_uri="", remote_contact="", sip_call_id="", state=0,
        state_text="", last_code=0, last_reason="", media_state=0, media_dir=0, conf_slot=-1, call_time=0, total_time=0)


def test_k5_buddy_info_can_be_built_empty():
    assert vars(pj.BuddyInfo()) == dict(uri="", contact="", online_status=0, online_text="", activity=0, subscribed=0,
                                        sub_state=0, sub_term_reason="")


@pytest.mark.parametrize(("name", "fields"), [
    ("SoundDeviceInfo", "name input_channels output_channels default_clock_rate"),
    ("CodecInfo", "name priority clock_rate channel_count avg_bps frm_ptime ptime pt vad_enabled plc_enabled"),
    ("CodecParameter", "ptime vad_enabled plc_enabled"),
])
def test_k5_other_snapshots(name, fields):
    assert set(vars(getattr(pj, name)())) == set(fields.split())


# ---- 12 SIPUri ----


@pytest.mark.parametrize(("text", "fields", "again"), [
    ("sip:u@h", ("sip", "u", "h", 0, ""), "sip:u@h"),
    ("sip:u@h:5060", ("sip", "u", "h", 0, ""), "sip:u@h"),
    ("sip:h:5070;transport=tcp", ("sip", "", "h", 5070, "tcp"), "sip:h:5070;transport=tcp"),
    ("<sips:u@h;transport=tls>", ("sips", "u", "h", 0, "tls"), "sips:u@h;transport=tls"),
    ('"N" <sip:u:pw@[::1]:6000?X=y>', ("sip", "u", "[::1]", 6000, ""), "sip:u@[::1]:6000"),
])
def test_d14_sip_uri(text, fields, again):
    uri = pj.SIPUri(text)
    assert (uri.scheme, uri.user, uri.host, uri.port, uri.transport) == fields
    assert uri.encode() == again


def test_d14_a_bad_uri_raises_error():
    with pytest.raises(pj.Error) as caught:
        pj.SIPUri("no uri")
    assert caught.value.err_code == 171039
    assert vars(pj.SIPUri()) == dict(scheme="", user="", host="", port=0, transport="")


# ---- 15 texts ----

TEXTS = {
    70004: "Invalid value or argument (PJ_EINVAL)",
    70006: "Not found (PJ_ENOTFOUND)",
    70010: "Too many objects of the specified type (PJ_ETOOMANY)",
    70012: "Unsupported (PJ_ENOTSUP)",
    70013: "Invalid operation (PJ_EINVALIDOP)",
    120002: "No such file or directory",
    120098: "Address already in use",
    171005: "Missing route set (for tel: URI) (PJSIP_ENOROUTESET)",
    171039: "Invalid URI (PJSIP_EINVALIDURI)",
    171042: "Invalid Request URI (PJSIP_EINVALIDREQURI)",
    171060: "Unsupported transport (PJSIP_EUNSUPTRANSPORT)",
    171140: "INVITE session already terminated (PJSIP_ESESSIONTERMINATED)",
    171141: "Invalid INVITE session state (PJSIP_ESESSIONSTATE)",
    220180: "Not a valid WAVE file (PJMEDIA_ENOTVALIDWAVE)",
    420006: "Unable to find default audio device (PJMEDIA_EAUD_NODEFDEV)",
}


@pytest.mark.parametrize("code", TEXTS)
def test_s15_text(code):
    assert pj.Lib.strerror(code) == TEXTS[code]


@pytest.mark.parametrize(("code", "part"), [
    (70009, "(PJ_ETIMEDOUT)"), (70018, "(PJ_ERESOLVE)"), (170486, "Busy Here"), (0, "Success"), (999999, "999999"), (-1, "-1"), (10 ** 12, "1000000000000")])
def test_s15_other_texts(code, part):
    assert part in pj.Lib.strerror(code)


# ---- signatures, of those that cannot work yet, too ----

SIGNATURES = """
Account.make_call(dst_uri, cb=None, hdr_list=None)
Account.set_basic_status(is_online)
Account.set_presence_status(is_online, activity=0, pres_text='', rpid_id='')
Account.set_registration(renew)
Account.set_transport(transport)
Account.add_buddy(uri, cb=None)
Account.pres_notify(pres_obj, state, reason='', hdr_list=None)
Account.send_pager(uri, text, im_id=0, content_type='text/plain', hdr_list=None)
AccountCallback.on_incoming_call(call)
AccountCallback.on_reg_state()
AccountCallback.on_incoming_subscribe(buddy, from_uri, contact_uri, pres_obj)
AccountCallback.on_pager(from_uri, contact, mime_type, body)
AccountCallback.on_pager_status(to_uri, body, im_id, code, reason)
AccountCallback.on_typing(from_uri, contact, is_typing)
AccountCallback.on_mwi_info(body)
Call.answer(code=200, reason='', hdr_list=None)
Call.hangup(code=603, reason='', hdr_list=None)
Call.hold(hdr_list=None)
Call.unhold(hdr_list=None)
Call.reinvite(hdr_list=None)
Call.update(hdr_list=None, options=0)
Call.transfer(dest_uri, hdr_list=None)
Call.transfer_to_call(call, hdr_list=None, options=0)
Call.dial_dtmf(digits)
Call.send_request(method, hdr_list=None, content_type=None, body=None)
Call.send_pager(text, im_id=0, content_type='text/plain', hdr_list=None)
Call.dump_status(with_media=True, indent='', max_len=1024)
Call.attach_to_id(call_id)
CallCallback.on_transfer_request(dst, code)
CallCallback.on_transfer_status(code, reason, final, cont)
CallCallback.on_replace_request(code, reason)
CallCallback.on_replaced(new_call)
CallCallback.on_pager(mime_type, body)
CallCallback.on_pager_status(body, im_id, code, reason)
CallCallback.on_typing(is_typing)
Buddy.info()
Buddy.set_callback(cb)
Buddy.subscribe()
Buddy.unsubscribe()
Buddy.delete()
Buddy.send_pager(text, im_id=0, content_type='text/plain', hdr_list=None)
Buddy.send_typing_ind(is_typing=True, hdr_list=None)
BuddyCallback.on_state()
BuddyCallback.on_pager(mime_type, body)
BuddyCallback.on_pager_status(body, im_id, code, reason)
BuddyCallback.on_typing(is_typing)
Lib.init(ua_cfg=None, log_cfg=None, media_cfg=None)
Lib.start(with_thread=True)
Lib.destroy()
Lib.handle_events(timeout=50)
Lib.thread_register(name)
Lib.auto_lock()
Lib.verify_sip_url(sip_url)
Lib.hangup_all()
Lib.create_transport(type, cfg=None)
Lib.create_account(acc_config, set_default=True, cb=None)
Lib.create_account_for_transport(transport, set_default=True, cb=None)
Lib.modify_account(acc_id, acc_config)
Lib.enum_snd_dev()
Lib.get_snd_dev()
Lib.set_snd_dev(capture_dev, playback_dev)
Lib.set_null_snd_dev()
Lib.conf_get_max_ports()
Lib.conf_connect(src_slot, dst_slot)
Lib.conf_disconnect(src_slot, dst_slot)
Lib.conf_set_tx_level(slot, level)
Lib.conf_set_rx_level(slot, level)
Lib.conf_get_signal_level(slot)
Lib.enum_codecs()
Lib.set_codec_priority(name, priority)
Lib.get_codec_parameter(name)
Lib.set_codec_parameter(name, param)
Lib.create_player(filename, loop=False)
Lib.player_get_slot(player_id)
Lib.player_set_pos(player_id, pos)
Lib.player_destroy(player_id)
Lib.create_playlist(filelist, label='playlist', loop=True)
Lib.playlist_get_slot(playlist_id)
Lib.playlist_destroy(playlist_id)
Lib.create_recorder(filename)
Lib.recorder_get_slot(rec_id)
Lib.recorder_destroy(rec_id)
Transport.info()
Transport.close(force=False)
Transport.enable()
Transport.disable()
""".split("\n")[1:-1]


@pytest.mark.parametrize("row", SIGNATURES)
def test_s19_full_signature(row):
    cls, method, parameters = re.fullmatch(r"(\w+)\.(\w+)\((.*)\)", row).groups()
    made = [p.replace(annotation=inspect.Parameter.empty)
            for p in list(inspect.signature(getattr(getattr(pj, cls), method)).parameters.values())[1:]]
    assert ", ".join(map(str, made)) == parameters


def test_d14_decoding_nothing_leaves_nothing():
    assert pj.SIPUri("").host == ""
