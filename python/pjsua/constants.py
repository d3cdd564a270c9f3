"""The constants: plain classes with plain ints, because programs do arithmetic on them and read vars() of them."""


class TransportType:
    """Kinds of SIP transport."""

    UNSPECIFIED = 0
    UDP = 1
    TCP = 2
    TLS = 3
    IPV6 = 128
    UDP_IPV6 = UDP + IPV6
    TCP_IPV6 = TCP + IPV6


class TransportFlag:
    """Properties of a transport, as bits."""

    RELIABLE = 1
    SECURE = 2
    DATAGRAM = 4


class CallRole:
    """Which side sent the INVITE."""

    CALLER = 0
    CALLEE = 1


class CallState:
    """States of a call, in the order in which they can come."""

    NULL = 0
    CALLING = 1
    INCOMING = 2
    EARLY = 3
    CONNECTING = 4
    CONFIRMED = 5
    DISCONNECTED = 6


class MediaState:
    """States of a call's audio."""

    NULL = 0
    ACTIVE = 1
    LOCAL_HOLD = 2
    REMOTE_HOLD = 3
    ERROR = 4


class MediaDir:
    """Directions of a call's audio, as bits: ENCODING is sending."""

    NULL = 0
    ENCODING = 1
    DECODING = 2
    ENCODING_DECODING = 3


class PresenceActivity:
    """What a person is doing."""

    UNKNOWN = 0
    AWAY = 1
    BUSY = 2


class SubscriptionState:
    """States of a presence subscription."""

    NULL = 0
    SENT = 1
    ACCEPTED = 2
    PENDING = 3
    ACTIVE = 4
    TERMINATED = 5
    UNKNOWN = 6


class TURNConnType:
    """How a TURN server is reached."""

    UDP = 17
    TCP = 6
    TLS = 255


CALL_STATE_NAMES = ("NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
