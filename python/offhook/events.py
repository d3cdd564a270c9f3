"""What the dicts of events hold, for annotations: `def on_event(self, event: offhook.Event) -> None`.

The values are plain dicts, and an event has all of these keys whatever its type; which of them say something is told for each
type in `offhook/event.h`. Numbers that are those of an enumeration compare equal to its members.
"""

from typing import Optional, TypedDict, Union, final

# An id is above 0, and 0 is none. They are final so that `"note" in event["detail"]` tells which of three it is.


@final
class CallInfo(TypedDict):
    """A call as of one moment: what `call_info()` gives."""

    id: int
    account: int  # 0 when it was removed
    user: int  # the program's own number for it
    role: int  # CallRole
    state: int  # CallState
    media_state: int  # MediaState
    media_dir: int  # MediaDir; keeps its last value after the end
    slot: int  # its audio on the bridge
    slot_number: int  # the plain number of that slot, -1 when it has none
    last_status: int  # SIP status of the INVITE; the final cause after the end; 0 before any
    last_reason: str  # its phrase, "" before any
    ended_by: int  # EndedBy
    error: int  # 0 or an ErrorCode, where no SIP status says why it failed
    local_uri: str
    local_contact: str  # "<sip:...>", "" before it is known
    remote_uri: str
    remote_contact: str  # likewise
    sip_call_id: str
    codec: str  # "PCMU/8000/1", "" before audio is agreed
    call_time: float  # seconds since CONFIRMED, frozen at the end; 0 before
    total_time: float  # seconds since the INVITE, frozen at the end
    proven_user: str  # "" where nobody asked
    reason_text: str  # what the Reason of the peer's BYE, CANCEL or refusal says, "" when nothing
    reason_sip: int  # its SIP cause, such as 200 for "Call completed elsewhere"; 0 when not told
    reason_q850: int  # its Q.850 cause, such as 16 for a normal clearing; 0 when not told
    asserted_identity: str  # the caller's first P-Asserted-Identity, where the account trusts it; else ""


# "from" is no name of a class's attribute.
Question = TypedDict("Question", {
    "ticket": int,  # for question_answer()
    "kind": int,  # QuestionKind
    "from": str,  # who asks: a URI with its display name
    "target": str,  # by kind: the URI to call, the event package, or ""
})


@final
class BuddyInfo(TypedDict):
    """What is known of a buddy: what `buddy_info()` gives."""

    account: int
    kind: int  # BuddyKind
    uri: str
    status: int  # PresenceStatus
    activity: int  # Activity
    note: str  # "": none
    contact: str  # "": not said
    subscription: int  # Subscription
    code: int  # of the response that ended it last; 0: none
    error: int  # 0 or an ErrorCode
    reason: str
    next_s: int  # seconds until the next attempt, or until it must be renewed


@final
class Waiting(TypedDict):
    """Whether messages wait."""

    waiting: int  # 1: there are some
    account: str  # the URI where they can be heard; "": not said
    has_voice: int  # 1: the counts were told
    voice_new: int
    voice_old: int
    voice_new_urgent: int  # of voice_new
    voice_old_urgent: int  # of voice_old


@final
class DialogInfo(TypedDict):
    """A call of a buddy."""

    id: str  # the same in all events of one call
    state: str  # "trying", "proceeding", "early", "confirmed" or "terminated"
    event: str  # why it is terminated
    code: int  # of the response that changed it; 0: not said
    initiator: int  # 1: he has called
    call_id: str
    local_tag: str
    remote_tag: str
    local: str  # his URI
    remote: str  # URI of the other one
    remote_name: str
    local_target: str
    remote_target: str


@final
class Event(TypedDict):
    """One event."""

    type: int  # EventType
    serial: int  # grows by one an event of a phone
    cause: int  # the command that caused it (last_command()), 0: the network or time
    id: int  # the object
    account: int
    user: int  # the program's own number for the object
    call: Optional[CallInfo]  # as of this event
    status: int
    error: int  # 0 or an ErrorCode
    digit: str  # "" without one
    duration_ms: int
    count: int
    message: Optional[bytes]  # a SIP message
    question: Optional[Question]
    other: int  # a second object
    reason: Optional[str]
    final: int  # 1: nothing more will be told
    text: Optional[str]
    detail: Union[BuddyInfo, Waiting, DialogInfo, None]  # of BUDDY_STATE, MWI, DIALOG_INFO
    proven_user: Optional[str]  # None where nobody asked
