#!/usr/bin/env python3
"""Every header compiles alone: the public ones as C and as C++ with all warnings as errors, the inner ones as C."""
import os
import shutil
import subprocess

import house

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


def compiles(compiler, flags, language, header):
    # Twice, so that a missing guard shows.
    text = f'#include "{header}"\n#include "{header}"\n'
    run = subprocess.run(compiler + flags + ["-fsyntax-only", "-x", language, "-"], input=text, capture_output=True,
                         text=True, check=False)
    return [] if run.returncode == 0 else [f"{header} as {language}:"] + run.stderr.splitlines()[:8]


def check(root):
    c = os.environ.get("CC", "cc").split()
    cxx = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    public = [str(p.relative_to(root / "include")) for p in house.sources(root / "include", ".h")]
    inner = [str(p.relative_to(root / "src")) for p in house.sources(root / "src", ".h")]
    include = ["-I", str(root / "include")]
    rows = [("there is something to check", [] if public else ["no headers under include/"]),
            ("there is a C++ compiler", [] if cxx else ["none found: install g++"])]
    for header in public:
        problems = compiles(c, WARNINGS + ["-std=c11"] + include, "c", header)
        if cxx:
            problems += compiles(cxx.split(), WARNINGS + ["-std=c++11"] + include, "c++", header)
        rows.append((f"{header} in C and C++", problems))
    problems = []
    for header in inner:
        problems += compiles(c, ["-Wall", "-Wextra", "-Werror", "-std=gnu17", "-D_GNU_SOURCE", "-I", str(root / "src")]
                             + include, "c", header)
    rows.append((f"{len(inner)} inner headers in C", problems))
    return rows


def guarded(body):
    return f"#ifndef X\n#define X\n{body}\n#endif\n"


SAMPLES = [
    ("good headers", check, {"include/offhook/a.h": guarded("int f(void);"), "src/base/b.h": guarded("int g(void);")}, None),
    ("no headers", check, {"README": ""}, ["no headers"]),
    ("a type that another header declares", check, {"include/offhook/a.h": guarded("size_t f(void);")}, ["offhook/a.h as c:"]),
    ("a word of C++", check, {"include/offhook/a.h": guarded("int f(int class);")}, ["as c++"]),
    ("a GNU extension", check, {"include/offhook/a.h": guarded("struct s { int n[0]; };")}, ["as c:"]),
    ("no guard", check, {"include/offhook/a.h": "enum e { A };\n"}, ["as c:"]),
    ("an inner header that needs another", check,
     {"include/offhook/a.h": guarded("int f(void);"), "src/base/b.h": guarded("struct slice f(bool x);")}, ["base/b.h"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "headers.py SOURCE_ROOT")
