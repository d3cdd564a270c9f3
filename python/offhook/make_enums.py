"""Writes enums.py from the enumerations of the public headers, so that no number is written twice:

make_enums.py OUTPUT DEPFILE FOLDER
"""

import pathlib
import re
import sys

HEAD = '''"""The enumerations of the C API by name; made from its headers when the module is built."""

from enum import IntEnum

'''
ENUM = re.compile(r"\benum (offhook_\w+|oh_err) \{(.*?)\n\};", re.S)
MEMBER = re.compile(r"\b(OFFHOOK_\w+|OH_\w+)(?:\s*=\s*(-?\w+))?\s*(?:,|$)")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def class_name(tag):
    return "ErrorCode" if tag == "oh_err" else "".join(word.capitalize() for word in tag.split("_")[1:])


def prefix_of(names):
    """What all of them begin with, up to an underscore."""
    first, last = min(names), max(names)
    n = 0
    while n < min(len(first), len(last)) and first[n] == last[n]:
        n += 1
    end = first.rfind("_", 0, n) + 1
    while any(name[end].isdigit() for name in names):
        end = first.rfind("_", 0, end - 1) + 1
    return first[:end]


def members(body):
    value = -1
    for name, given in MEMBER.findall(COMMENT.sub("", body)):
        value = int(given, 0) if given else value + 1
        yield name, value


def main(output, depfile, folder):
    headers = sorted(pathlib.Path(folder).glob("*.h"))
    classes = {class_name(tag): list(members(body))
               for header in headers for tag, body in ENUM.findall(header.read_text(encoding="utf-8"))}
    text = HEAD + f"__all__ = {sorted(classes)}\n"
    for name, rows in sorted(classes.items()):
        start = len(prefix_of([row for row, _ in rows]))
        text += f"\n\nclass {name}(IntEnum):\n" + "".join(f"    {row[start:]} = {value}\n" for row, value in rows)
    pathlib.Path(output).write_text(text, encoding="utf-8")
    pathlib.Path(depfile).write_text(f"{output}: {' '.join(map(str, headers))}\n", encoding="utf-8")


main(*sys.argv[1:])
