"""offhook: phone calls for programs.

The drop-in for programs written for the old pjsua module is the module ``pjsua`` beside this package; both stand on the
extension ``offhook._offhook``, which is the C library, thinly.
"""

from ._offhook import version as _version

__version__ = _version()
__all__ = ["__version__"]
