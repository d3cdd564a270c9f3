"""The library object: life, events, transports, accounts. Bridge and files: conference.py; codecs: codecs.py."""

from __future__ import annotations

import atexit
import os
import select
import threading
import traceback
from typing import Any, Mapping, Optional

from offhook import _offhook

from .account import Account
from .buddy import Buddy, buddy_of, deliver as deliver_presence
from .call import Call, CallCallback
from .codecs import Codecs
from .conference import Conference
from .constants import CallState, TransportType
from .errors import (OH_ECLOSED, OH_ENOENT, PJ_EINVAL, PJSIP_EINVALIDURI, PJSIP_ESESSIONTERMINATED, Error,
                     failing_as, strerror, unsupported)
from .infos import TransportInfo
from .locks import LockGuard, ModuleLock
from .logs import LogWriter
from .messages import CALL_RESPONSE, MESSAGE, MESSAGE_SENT, Messages
from .settings import (AccountConfig, LogConfig, MediaConfig, TransportConfig, UAConfig, credentials_of,
                       presence_of, registration_of, session_of, way_of)

# Event types of include/offhook/event.h.
CALL_INCOMING, CALL_STATE, CALL_MEDIA, CALL_DTMF = 1, 2, 3, 4
REGISTRATION = 20
QUESTION, TRANSFER_STATUS, REPLACED, TRANSFERRED = 40, 41, 42, 43
ASKS_TRANSFER, ASKS_REPLACES = 1, 2

WORKER_MS = 50  # how long log lines may wait when no event comes
EXIT_MS = 500  # how long the end of a program that forgot destroy() waits for its peers
CLOSE_MS = 2000  # how long destroy() waits for peers to confirm the end of their calls

_lib: "Optional[Lib]" = None


class IncomingMessage:
    """The request behind an event: its whole text, and one line about it."""

    def __init__(self, message: bytes) -> None:
        text = message.decode("utf-8", "replace")
        method = text.split(" ", 1)[0]
        cseq = (_offhook.message_header(message, "CSeq") or "").split(" ")[0]
        self.msg_info_buffer: str = text
        self.msg_info_info: str = f"Request msg {method}/cseq={cseq}"


class Transport:
    """A SIP transport. Made by Lib.create_transport()."""

    def __init__(self, lib: "Lib", transport_id: int) -> None:
        self._lib = lib
        self._id = transport_id
        self._obj_name = f"{{Transport {self.info().description}}}"

    def __str__(self) -> str:
        return self._obj_name

    def info(self) -> TransportInfo:
        """The transport now."""
        try:
            return TransportInfo(self._lib._alive("info()").transport_info(self._id))
        except (Error, _offhook.Error):
            raise Error("info()", self, -1, "Invalid transport") from None

    def close(self, force: bool = False) -> None:
        """Stops listening; calls that run over it end."""
        with failing_as("close()", self):
            self._lib._alive("close()").transport_remove(self._id)

    def enable(self) -> None:
        """Uses the transport again."""
        unsupported("enable()", self)

    def disable(self) -> None:
        """Uses the transport no longer for new calls."""
        unsupported("disable()", self)


class Lib(Conference, Codecs):
    """The library. One at a time: Lib(), init(), create_transport(), start(), create_account(), destroy()."""

    def __init__(self) -> None:
        global _lib
        if _lib is not None:
            raise Error("__init()__", None, -1, "Library instance already exist")
        super().__init__()
        self._lock = ModuleLock()
        self._phone: Any = None
        self._log: Optional[LogWriter] = None
        self._worker: Optional[threading.Thread] = None
        self._wake_fds: tuple[int, int] = (-1, -1)  # of a pipe: tells the worker to end
        self._quit = False
        self._interrupt: Optional[KeyboardInterrupt] = None
        self._accounts: dict[int, Account] = {}
        self._calls: dict[int, Call] = {}
        self._buddies: dict[int, Buddy] = {}
        self._messages = Messages()
        _lib = self

    def __str__(self) -> str:
        return "Lib"

    @staticmethod
    def instance() -> "Optional[Lib]":
        """The live library, or None."""
        return _lib

    @staticmethod
    def strerror(err: int) -> str:
        """The text of a status code."""
        return strerror(err)

    # ---- life ----

    def init(self, ua_cfg: Optional[UAConfig] = None, log_cfg: Optional[LogConfig] = None,
             media_cfg: Optional[MediaConfig] = None) -> None:
        """Makes the stack with these settings."""
        ua, log, media = ua_cfg or UAConfig(), log_cfg or LogConfig(), media_cfg or MediaConfig()
        if self._phone is not None:
            raise Error("init()", self, -1, "init() was called before")
        try:
            self._log = LogWriter(log)
        except OSError as error:
            raise Error("init()", self, 120000 + (error.errno or 0), f"{log.filename}: {error.strerror}") from None
        try:
            with failing_as("init()", self):
                self._phone = _offhook.Phone(
                    handler=self._on_event, user_agent=ua.user_agent or None, max_calls=ua.max_calls,
                    max_ports=media.max_media_ports, clock_rate=media.clock_rate, frame_ms=media.audio_frame_ptime,
                    ptime_ms=media.ptime or 20, jitter_min_ms=min(max(media.jb_min, 0), 500),
                    jitter_max_ms=min(max(media.jb_max, media.jb_min), 500) if media.jb_max > 0 else 0,
                    log_level=self._log.level,
                    log_messages=bool(log.msg_logging),
                    nameservers=list(ua.nameserver), plain_names=not ua.nameserver)
        except Error:
            self._log.close()
            raise
        self._max_ports = media.max_media_ports
        atexit.register(self._at_exit)

    def start(self, with_thread: bool = True) -> None:
        """Lets events come: on a worker thread, or when the program calls handle_events()."""
        phone = self._alive("start()")
        if not with_thread or self._worker is not None:
            return
        self._wake_fds = os.pipe()
        self._worker = threading.Thread(target=self._work, args=(phone,), name="pjsua worker", daemon=True)
        self._worker.start()

    def destroy(self) -> None:
        """Ends all calls, waits for the peers (2 s at most), frees everything. Harmless when repeated."""
        global _lib
        phone = self._phone
        if phone is not None:
            self.hangup_all()
            self._stop_worker()
            with self._lock:
                try:
                    phone.close(CLOSE_MS)
                except _offhook.Error:
                    pass  # some peer did not answer in time: its calls have ended here all the same
                self._deliver(phone)
                self._phone = None
            self._write_log(phone)
            for call in self._calls.values():
                call._id = -1
            self._calls.clear()
            self._accounts.clear()
            for buddy in self._buddies.values():
                buddy._id = -1
            self._buddies.clear()
            if self._log:
                self._log.close()
            atexit.unregister(self._at_exit)
        if _lib is self:
            _lib = None

    def _at_exit(self) -> None:
        """The program forgot destroy(): tell the peers, without callbacks.

        First the worker ends: a daemon thread that prints while the interpreter goes down would abort the process.
        One that a handler blocks is left behind; it does not print.
        """
        if self._phone is not None:
            self._quit = True
            if self._worker is not None:
                os.write(self._wake_fds[1], b"q")
                self._worker.join(CLOSE_MS / 1000)
            try:
                self._phone.close(EXIT_MS)
            except _offhook.Error:
                pass

    def _stop_worker(self) -> None:
        worker, self._worker = self._worker, None
        self._quit = True
        if worker is None:
            return
        if worker is not threading.current_thread():
            os.write(self._wake_fds[1], b"q")
            worker.join()
        for fd in self._wake_fds:
            os.close(fd)

    def _alive(self, op_name: str) -> Any:
        """The extension's phone; Error before init() and after destroy()."""
        if self._phone is None:
            raise Error(op_name, self, -1, "the library is not initialised, or was destroyed")
        return self._phone

    # ---- events ----

    def _work(self, phone: Any) -> None:
        poll = select.poll()
        poll.register(phone.fileno(), select.POLLIN)
        poll.register(self._wake_fds[0], select.POLLIN)
        while not self._quit:
            poll.poll(WORKER_MS)
            if self._quit:
                break
            with self._lock:
                self._deliver(phone)
            self._write_log(phone)

    def _deliver(self, phone: Any) -> int:
        try:
            return int(phone.process(0))
        except _offhook.Error as error:
            if error.args[0] != OH_ECLOSED:
                raise
            return 0

    def handle_events(self, timeout: int = 50) -> int:
        """Waits up to timeout ms for events and delivers them; returns how many. For start(with_thread=False)."""
        phone = self._alive("handle_events()")
        poll = select.poll()
        poll.register(phone.fileno(), select.POLLIN)
        poll.poll(max(timeout, 0))
        with self._lock:
            n = self._deliver(phone)
        self._write_log(phone)
        self._raise_interrupt()
        return n

    def _raise_interrupt(self) -> None:
        """A Ctrl-C that fell into a handler ends the program's call all the same, after its events."""
        if self._interrupt is not None and threading.current_thread() is threading.main_thread():
            interrupt, self._interrupt = self._interrupt, None
            raise interrupt

    def _write_log(self, phone: Any) -> None:
        if self._log:
            for level, module, text in phone.drain_log():
                self._log.write(level, module, text)

    def _command(self, object_id: int, method: str, *args: Any) -> Any:
        """Runs a command and delivers, in this thread, the events of the object that it caused."""
        with self._lock:
            phone = self._phone
            if phone is None:
                raise ReferenceError("the library was destroyed")
            try:
                result = getattr(phone, method)(*args)
            finally:
                phone.process_object(object_id, _offhook.last_command())
        self._raise_interrupt()
        return result

    def _send_message(self, account_id: int, uri: str, text: str, im_id: int, content_type: str,
                      headers: Optional[list[tuple[str, str]]]) -> None:
        # The lock: its fate must not be delivered before it is known here.
        with self._lock:
            self._alive("send_pager()").message_send(account_id, uri, content_type, text, headers)
            self._messages.sent(_offhook.last_command(), 0, uri, text, im_id)

    def _add_buddy(self, account: Account, uri: str, cb: Any) -> Buddy:
        with self._lock:
            buddy = Buddy(self, self._alive("add_buddy()").buddy_add(account._id, uri), account, cb)
            self._buddies[buddy._id] = buddy
        return buddy

    def _forget_buddy(self, buddy_id: int) -> None:
        with self._lock:
            self._alive("delete()").buddy_remove(buddy_id)
            self._buddies.pop(buddy_id, None)

    def _buddy_of(self, account_id: int, uri: str) -> Optional[Buddy]:
        return buddy_of(self._buddies.values(), account_id, uri)

    def _send_in_call(self, call_id: int, text: str, im_id: int, content_type: str,
                      headers: Optional[list[tuple[str, str]]]) -> None:
        with self._lock:
            self._alive("send_pager()").call_request(call_id, "MESSAGE", headers, content_type, text)
            self._messages.sent(_offhook.last_command(), call_id, "", text, im_id)

    def _make_call(self, account: Account, uri: str, cb: Any, headers: Optional[list[tuple[str, str]]]) -> Call:
        # The lock is held from before the command until its events are out, so nobody else delivers CALLING first.
        with self._lock:
            phone = self._alive("make_call()")
            call_id = phone.call_make(uri, account._id, headers)
            call = Call(self, call_id, f"{{Call {uri}}}")
            self._calls[call_id] = call
            if cb is not None:
                call.set_callback(cb)
            phone.process_object(call_id, _offhook.last_command())
        self._raise_interrupt()
        return call

    def _call_back(self, cb: Any, name: str, *args: Any) -> Any:
        """Runs a handler of the program: what it raises is printed, and the call goes on. It may lack some: None."""
        handler = getattr(cb, name, None)
        if handler is None:
            return None
        try:
            return handler(*args)
        except KeyboardInterrupt as interrupt:
            self._interrupt = interrupt
        except BaseException:  # noqa: BLE001 (SystemExit in a callback must not end the delivery either)
            traceback.print_exc()
        return None

    def _on_event(self, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == CALL_INCOMING:
            self._on_incoming(event)
            return
        if kind == TRANSFERRED:  # its own object: the old call goes on by itself
            self._adopt(event["id"], event["call"]["remote_uri"])
            return
        if kind == REGISTRATION:
            self._on_registration(event)
            return
        if deliver_presence(self, event):
            return
        call = self._calls.get(event["id"])
        if kind in (CALL_RESPONSE, MESSAGE, MESSAGE_SENT):
            self._messages.deliver(self, call, event)
            return
        if call is None:
            return
        if kind == CALL_STATE:
            self._call_back(call._cb, "on_state")
            if event["call"]["state"] == CallState.DISCONNECTED:
                self._calls.pop(event["id"], None)
                self._messages.forget(event["id"])
                call._id = -1
        elif kind == CALL_MEDIA:
            self._call_back(call._cb, "on_media_state")
        elif kind == CALL_DTMF:
            self._call_back(call._cb, "on_dtmf_digit", event["digit"])
        elif kind == QUESTION:
            self._on_question(call, event["question"])
        elif kind == TRANSFER_STATUS:
            self._on_transfer_status(call, event)
        elif kind == REPLACED:
            info = self._phone.call_info(event["other"])
            self._call_back(call._cb, "on_replaced", self._adopt(event["other"], info["remote_uri"]))

    def _on_registration(self, event: Mapping[str, Any]) -> None:
        account = self._accounts.get(event["id"])
        if account is not None and not self._quit:  # in destroy() the account has gone before its event
            self._call_back(account._cb, "on_reg_state")

    def _adopt(self, call_id: int, remote_uri: str) -> Call:
        call = Call(self, call_id, f"{{Call {remote_uri}}}")
        self._calls[call_id] = call
        return call

    def _on_question(self, call: Call, question: Mapping[str, Any]) -> None:
        """Without a handler, or after one that raised, the default's answer counts; an answer of a wrong type refuses."""
        code, reason = 603, ""
        if question["kind"] == ASKS_TRANSFER:
            answer = self._ask(call, "on_transfer_request", question["target"], 202)
            if isinstance(answer, int):
                code = 202 if answer < 200 else answer
        elif question["kind"] == ASKS_REPLACES:
            answer = self._ask(call, "on_replace_request", 200, "OK")
            if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], int):
                code, reason = (200 if answer[0] < 200 else answer[0]), str(answer[1])
        try:
            self._phone.question_answer(question["ticket"], min(code, 699), reason if code >= 300 else None)
        except _offhook.Error:
            pass  # its time has passed, or what was agreed to could not begin: the asker was refused

    def _ask(self, call: Call, name: str, *args: Any) -> Any:
        if not hasattr(call._cb, name):
            return getattr(CallCallback(), name)(*args)
        return self._call_back(call._cb, name, *args)

    def _on_transfer_status(self, call: Call, event: Mapping[str, Any]) -> None:
        goes_on = self._call_back(call._cb, "on_transfer_status", event["status"], event["reason"] or "",
                                  event["final"], 1)
        if not event["final"] and goes_on is not None and not goes_on:
            try:
                self._phone.call_transfer_stop(event["id"])
            except _offhook.Error:
                pass  # it has ended meanwhile

    def _on_incoming(self, event: Mapping[str, Any]) -> None:
        account = self._accounts.get(event["account"])
        if account is None:
            self._phone.call_hangup(event["id"], 480)
            return
        call = Call(self, event["id"], f"{{Call {event['call']['remote_uri']}}}")
        self._calls[event["id"]] = call
        if hasattr(account._cb, "on_incoming_call2"):
            self._call_back(account._cb, "on_incoming_call2", call, IncomingMessage(event["message"] or b""))
        elif hasattr(account._cb, "on_incoming_call"):
            self._call_back(account._cb, "on_incoming_call", call)
        else:
            self._call_back(call, "hangup")

    # ---- threads ----

    def thread_register(self, name: str) -> None:
        """Nothing is needed here: every thread may call."""

    def auto_lock(self) -> LockGuard:
        """Holds the module lock until the result is deleted, or for a with block: no callback runs meanwhile."""
        return LockGuard(self._lock)

    # ---- transports and accounts ----

    def create_transport(self, type: int, cfg: Optional[TransportConfig] = None) -> Transport:
        """Opens a SIP transport: UDP, TCP or TLS. The _IPV6 kinds listen on all IPv6 interfaces unless bound_addr says else."""
        phone = self._alive("create_transport()")
        settings = cfg or TransportConfig()
        kind = type & ~TransportType.IPV6
        everywhere = "::" if type & TransportType.IPV6 else None
        if kind not in (TransportType.UDP, TransportType.TCP, TransportType.TLS):
            unsupported("create_transport()", self)
        with failing_as("create_transport()", self):
            if not 0 <= settings.port <= 65535:
                raise ValueError(f"port {settings.port} is not in 0..65535")
            dscp = settings.qos_params_dscp_val if settings.qos_params_flags & 1 else 0
            transport_id = phone.transport_add(kind, settings.bound_addr or everywhere, settings.port,
                                               settings.public_addr or None, dscp, settings.tls_cert_file or None,
                                               settings.tls_key_file or None, settings.tls_ca_file or None,
                                               settings.tls_verify, settings.tls_require_client_cert)
        return Transport(self, transport_id)

    def create_account(self, acc_config: AccountConfig, set_default: bool = True, cb: Any = None) -> Account:
        """Adds an account; with a reg_uri it registers at once, and on_reg_state() tells how that goes."""
        self._check_uris(acc_config, "create_account()")
        return self._add_account(acc_config.id, max(acc_config.transport_id, 0), acc_config.force_contact or None,
                                 acc_config.priority, set_default, cb, "create_account()", acc_config)

    def create_account_for_transport(self, transport: Transport, set_default: bool = True, cb: Any = None) -> Account:
        """Adds an account whose URI is the address of the transport."""
        return self._add_account(None, transport._id, None, 0, set_default, cb, "create_account_for_transport()")

    def _add_account(self, uri: Optional[str], transport: int, contact: Optional[str], priority: int,
                     set_default: bool, cb: Any, op_name: str, settings: Optional[AccountConfig] = None) -> Account:
        more = {**credentials_of(settings), **registration_of(settings), **way_of(settings),
                **presence_of(settings)} if settings else {}
        # The lock: an incoming call must not be delivered before its account is known here.
        with self._lock:
            phone = self._alive(op_name)
            if uri == "":
                raise Error(op_name, self, PJSIP_EINVALIDURI)
            with failing_as(op_name, self):
                acc_id = phone.account_add(uri, transport, contact, priority, bool(set_default), **more)
                phone.account_set_session(acc_id, **session_of(settings))
                made_uri = phone.account_info(acc_id)["uri"]
            account = Account(self, acc_id, made_uri, cb)
            account._tuple_id = settings.pidf_tuple_id if settings else ""
            self._accounts[acc_id] = account
        return account

    def _forget_account(self, acc_id: int) -> None:
        with self._lock:
            self._accounts.pop(acc_id, None)
            with failing_as("delete()", self):
                self._alive("delete()").account_remove(acc_id)

    def modify_account(self, acc_id: int, acc_config: AccountConfig) -> None:
        """Gives an account these settings, all of them; acc_id is the number, not the object."""
        self._check_uris(acc_config, "modify_account()")
        if acc_config.id == "":
            raise Error("modify_account()", self, PJSIP_EINVALIDURI)
        with self._lock:
            with failing_as("modify_account()", self, {OH_ENOENT: PJ_EINVAL}):
                self._alive("modify_account()").account_modify(
                    acc_id, acc_config.id, max(acc_config.transport_id, 0), acc_config.force_contact or None,
                    acc_config.priority, **credentials_of(acc_config), **registration_of(acc_config),
                    **way_of(acc_config), **presence_of(acc_config))
                self._alive("modify_account()").account_set_session(acc_id, **session_of(acc_config))
            account = self._accounts.get(acc_id)
            if account is not None:
                account._tuple_id = acc_config.pidf_tuple_id

    def _check_uris(self, config: AccountConfig, op_name: str) -> None:
        for uri in [config.id, config.reg_uri, *config.proxy]:
            if uri and _offhook.uri_check(uri) != 0:
                raise Error(op_name, self, PJSIP_EINVALIDURI)

    def verify_sip_url(self, sip_url: str) -> int:
        """0 for a valid SIP URI, else 171039."""
        return 0 if isinstance(sip_url, str) and _offhook.uri_check(sip_url) == 0 else PJSIP_EINVALIDURI

    def hangup_all(self) -> None:
        """Ends every call with the code that fits its state."""
        for call in list(self._calls.values()):
            try:
                call.hangup(0)
            except Error as error:
                if error.err_code != PJSIP_ESESSIONTERMINATED:  # it ended by itself meanwhile
                    raise
