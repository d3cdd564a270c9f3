"""offhook: phone calls for programs.

``Phone`` is the C library with dicts for events and exceptions for errors, and the classes of ``offhook.enums`` name its
numbers: ``event["type"] == offhook.EventType.CALL_INCOMING``. docs/python.md is the guide.

The drop-in for programs written for the old pjsua module is the module ``pjsua`` beside this package.
"""

from . import enums
from ._offhook import Error, Phone, last_command, message_body, message_header, strerror, uri_check
from ._offhook import version as _version
from .enums import *  # noqa: F403
from .events import BuddyInfo, CallInfo, DialogInfo, Event, Question, Waiting

__version__ = _version()
__all__ = ["BuddyInfo", "CallInfo", "DialogInfo", "Error", "Event", "Phone", "Question", "Waiting", "last_command", "message_body",
           "message_header", "strerror", "uri_check", *enums.__all__]
