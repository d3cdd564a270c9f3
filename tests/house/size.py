#!/usr/bin/env python3
"""No source file is longer than 800 lines: a longer one hides a second noun."""
import house

MOST = 800
SUFFIXES = (".c", ".h", ".py", ".sh", ".build", ".map")


def check(root):
    files, problems = 0, []
    for path in house.sources(root, *SUFFIXES):
        files += 1
        lines = path.read_bytes().count(b"\n")
        if lines > MOST:
            problems.append(f"{path.relative_to(root)}: {lines} lines")
    if not files:
        problems.append("no source files found")
    return [(f"{files} source files of at most {MOST} lines", problems)]


SAMPLES = [
    ("a file of 800 lines", check, {"src/a.c": "\n" * MOST}, None),
    ("a file of 801 lines", check, {"src/a.c": "\n" * (MOST + 1)}, ["src/a.c: 801"]),
    ("a long file of a build tree is not ours", check, {"build/a.c": "\n" * 2000, "a.py": ""}, None),
    ("no files", check, {"README": ""}, ["no source files"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "size.py SOURCE_ROOT")
