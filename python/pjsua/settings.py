"""Settings: plain mutable objects, read when they are handed to the library."""

from __future__ import annotations

from typing import Any, Callable, Optional


PROXIES_MAX = 8  # more are not looked at


class UAConfig:
    """Settings of the user agent."""

    def __init__(self) -> None:
        self.max_calls: int = 4
        self.nameserver: list[str] = []
        self.stun_domain: str = ""
        self.stun_host: str = ""
        self.user_agent: str = "pjsip python"


class LogConfig:
    """Settings of the log.

    ``callback(level, text, length)`` replaces the console; text ends with a newline; console_level filters both.
    """

    def __init__(self, level: int = -1, filename: str = "", callback: Optional[Callable[..., object]] = None,
                 console_level: int = -1) -> None:
        self.msg_logging: int = 1
        self.level: int = level if level != -1 else 5
        self.console_level: int = console_level if console_level != -1 else 4
        self.decor: int = 25328
        self.filename: str = filename
        self.callback = callback


class AuthCred:
    """A credential: realm ``"*"`` matches every challenge; passwd_type 0 is plain text, 1 a digest (HA1)."""

    def __init__(self, realm: str, username: str, passwd: str, scheme: str = "Digest", passwd_type: int = 0) -> None:
        self.scheme = scheme
        self.realm = realm
        self.username = username
        self.passwd_type = passwd_type
        self.passwd = passwd

    def __repr__(self) -> str:
        return f"AuthCred(realm={self.realm!r}, username={self.username!r}, passwd=<hidden>)"


class MediaConfig:
    """Settings of audio: rates in Hz, times in ms unless a name says otherwise."""

    def __init__(self) -> None:
        self.clock_rate: int = 16000
        self.snd_clock_rate: int = 0
        self.snd_auto_close_time: int = 1
        self.channel_count: int = 1
        self.audio_frame_ptime: int = 20
        self.max_media_ports: int = 254
        self.quality: int = 8
        self.ptime: int = 0
        self.no_vad: int = 0
        self.ilbc_mode: int = 30
        self.tx_drop_pct: int = 0
        self.rx_drop_pct: int = 0
        self.ec_options: int = 0
        self.ec_tail_len: int = 200
        self.jb_min: int = -1
        self.jb_max: int = -1
        self.enable_ice: int = 0
        self.enable_turn: int = 0
        self.turn_server: str = ""
        self.turn_conn_type: int = 17
        self.turn_cred: Optional[AuthCred] = None


class TransportConfig:
    """Settings of a transport: port 0 is any free one, bound_addr "" all interfaces.

    The tls_ attributes are ours: PEM files, and whether the certificate of a server is verified. Without a certificate
    of its own a TLS transport calls, and nobody can connect to it."""

    tls_cert_file: str = ""
    tls_key_file: str = ""
    tls_ca_file: str = ""
    tls_verify: bool = True
    tls_require_client_cert: bool = False

    def __init__(self, port: int = 0, bound_addr: str = "", public_addr: str = "") -> None:
        self.port = port
        self.bound_addr = bound_addr
        self.public_addr = public_addr
        self.qos_type: int = 0
        self.qos_params_flags: int = 0
        self.qos_params_dscp_val: int = 0
        self.qos_params_so_prio: int = 0
        self.qos_params_wmm_prio: int = 0


# As in offhook/session.h.
RELIABLE_REQUIRED, REDIRECT_NEVER, DTMF_RTP, DTMF_HEAR_OFF = 3, 1, 2, 1


class AccountConfig:
    """Settings of an account."""

    def __init__(self, domain: str = "", username: str = "", password: str = "", display: str = "",
                 registrar: str = "", proxy: str = "") -> None:
        self.priority: int = 0
        self.id: str = ""
        self.force_contact: str = ""
        self.reg_uri: str = ""
        self.reg_timeout: int = 300
        self.require_100rel: int = 0
        self.publish_enabled: int = 0
        self.pidf_tuple_id: str = ""
        self.proxy: list[str] = []
        self.auth_cred: list[AuthCred] = []
        self.auth_initial_send: int = 0
        self.auth_initial_algorithm: str = ""
        self.transport_id: int = -1
        self.allow_contact_rewrite: int = 1
        self.ka_interval: int = 15
        self.ka_data: str = "\r\n"
        self.use_srtp: int = 0
        self.srtp_secure_signaling: int = 1
        self.rtp_transport_cfg: TransportConfig = TransportConfig()
        self.mwi_enabled: int = 0
        if domain:
            self.build_config(domain, username, password, display, registrar, proxy)

    def build_config(self, domain: str, username: str, password: str, display: str = "", registrar: str = "",
                     proxy: str = "", rtp_transport_cfg: Optional[TransportConfig] = None) -> None:
        """Fills in id, registrar, proxy and credential of the usual account at a provider."""
        user = f"{username}@" if username else ""
        self.id = f"{display} <sip:{user}{domain}>" if display else f"<sip:{user}{domain}>"
        self.reg_uri = registrar or f"sip:{domain}"
        route = proxy or f"sip:{domain}"
        self.proxy.append(route if ";lr" in route else f"{route};lr")
        if username:
            self.auth_cred.append(AuthCred("*", username, password))
        if rtp_transport_cfg is not None:
            self.rtp_transport_cfg = rtp_transport_cfg


def credentials_of(config: AccountConfig) -> dict[str, Any]:
    """The part of an account's settings that says who we are, as the extension takes it."""
    return {"credentials": [(c.realm, c.username, None, c.passwd) if c.passwd_type == 1 else
                            (c.realm, c.username, c.passwd, None) for c in config.auth_cred],
            "initial_send": bool(config.auth_initial_send)}


def session_of(config: Optional[AccountConfig]) -> dict[str, int]:
    """How the calls of an account behave: as this API always did, digits go by RTP only, and a 3xx is an end."""
    return {"reliable": RELIABLE_REQUIRED if config is not None and config.require_100rel else 0,
            "redirect": REDIRECT_NEVER, "dtmf": DTMF_RTP, "dtmf_hear": DTMF_HEAR_OFF}


def way_of(config: AccountConfig) -> dict[str, Any]:
    """The part of an account's settings that says by way of whom its requests go."""
    return {"proxies": [uri for uri in config.proxy if uri][:PROXIES_MAX]}


def registration_of(config: AccountConfig) -> dict[str, Any]:
    """The part of an account's settings that says how it registers; nothing without a registrar."""
    if not config.reg_uri:
        return {}
    return {"registrar": config.reg_uri, "expires_s": config.reg_timeout or 300,
            "contact_rewrite": bool(config.allow_contact_rewrite),
            "keepalive_s": config.ka_interval if config.ka_data else 0, "keepalive_data": config.ka_data or None}


def presence_of(config: AccountConfig) -> dict[str, Any]:
    """The part of an account's settings that says what it tells and asks its server."""
    return {"publish": bool(config.publish_enabled), "mwi": bool(config.mwi_enabled)}
