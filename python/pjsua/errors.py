"""The exception of this module, and how the library's errors become the codes that old programs know."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Mapping, NoReturn, Optional

from offhook import _offhook

PJ_EINVAL = 70004
PJ_ENOTFOUND = 70006
PJ_ETOOMANY = 70010
PJ_ENOTSUP = 70012
PJ_EINVALIDOP = 70013
PJSIP_ENOROUTESET = 171005
PJSIP_EINVALIDURI = 171039
PJSIP_EINVALIDREQURI = 171042
PJSIP_ESESSIONTERMINATED = 171140
PJSIP_ESESSIONSTATE = 171141
PJMEDIA_EAUD_NODEFDEV = 420006

# Numbers of include/offhook/error.h that some operations give a code of their own.
OH_EINVAL = -1
OH_ENOENT = -3
OH_EENDED = -4
OH_ESTATE = -5
OH_EBUSY = -7
OH_ETIMEDOUT = -10
OH_EURI = -14
OH_ESCHEME = -15
OH_ECLOSED = -29


def strerror(code: int) -> str:
    """The text of a status code, with its symbol in brackets."""
    return _offhook.pjsua_strerror(code) if abs(code) < 2 ** 31 else f"Unknown error {code}"


def phrase(status: int) -> str:
    """The standard phrase of a SIP status; "" for 0 and for statuses without one."""
    text = _offhook.pjsua_strerror(170000 + status) if status else ""
    return "" if text.startswith("Unknown error") else text


class Error(Exception):
    """A failed operation.

    Attributes:
        op_name: the operation, such as ``"make_call()"``.
        obj: the object on which it was called, or None.
        err_code: a status code of the stack, or -1 for an error of this module itself.
        detail: what exactly was wrong and what would be right, "" when there is nothing to add.
    """

    op_name: str = ""
    obj: Any = None
    err_code: int = -1
    detail: str = ""
    _err_msg: str = ""

    def __init__(self, op_name: str, obj: Any, err_code: int, err_msg: str = "") -> None:
        super().__init__(op_name, obj, err_code, err_msg)
        self.op_name = op_name
        self.obj = obj
        self.err_code = err_code
        self._err_msg = err_msg

    def err_msg(self) -> str:
        """The explanation: the text given, else that of the code."""
        if not self._err_msg:
            self._err_msg = strerror(self.err_code)
        return self._err_msg

    def __str__(self) -> str:
        text = f"Object: {self.obj}, operation={self.op_name}, error={self.err_msg()}"
        return f"{text} [{self.detail}]" if self.detail else text


@contextmanager
def failing_as(op_name: str, obj: Any, codes: Optional[Mapping[int, int]] = None) -> Iterator[None]:
    """A failure inside becomes Error; codes maps the library's errors to codes of this operation."""
    try:
        yield
    except _offhook.Error as error:
        err, _symbol, _sentence, detail = error.args
        failure = Error(op_name, obj, (codes or {}).get(err) or _offhook.pjsua_code(err))
        failure.detail = detail
        raise failure from None
    except (TypeError, ValueError, OverflowError) as error:
        failure = Error(op_name, obj, PJ_EINVAL)
        failure.detail = str(error)
        raise failure from None


def unsupported(op_name: str, obj: Any, detail: str = "") -> NoReturn:
    """Raises Error 70012: the name exists, this build cannot do it yet."""
    failure = Error(op_name, obj, PJ_ENOTSUP)
    failure.detail = detail
    raise failure
