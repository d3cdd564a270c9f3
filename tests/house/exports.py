#!/usr/bin/env python3
"""liboffhook.so exports what the public headers declare and nothing else, under its versioned name."""
import os
import re
import subprocess

import house

SONAME = "liboffhook.so.0"


def exported(library):
    out = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True).stdout
    # "A" are the version nodes of the version script.
    return sorted(f[2].split("@")[0] for f in map(str.split, out.splitlines()) if len(f) == 3 and f[1] != "A")


def declared(include):
    names = set()
    for path in house.sources(include, ".h"):
        names.update(re.findall(r"^OFFHOOK_API\b[^;{(]*?\b(offhook_\w+)\s*\(", path.read_text(), re.M))
    return names


def check(library, include):
    names = exported(library)
    dynamic = subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True, check=True).stdout
    soname = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    return [
        (f"{len(names)} symbols, all offhook_*", [f"exports {n}" for n in names if not n.startswith("offhook_")]
         + ([] if names else ["exports nothing"])),
        ("every declared function is there", [f"lacks {n}" for n in sorted(declared(include) - set(names))]),
        ("nothing undeclared", [f"exports {n}, which no header declares" for n in names
                                if n.startswith("offhook_") and n not in declared(include)]),
        (f"its name is {SONAME}", [] if soname == [SONAME] else [f"SONAME is {soname}"]),
    ]


def build_and_check(root):
    """For the self-test: lib.c becomes a library with the flags of the file `flags`."""
    compiler = os.environ.get("CC", "cc").split()
    library = root / "lib.so"
    subprocess.run(compiler + ["-shared", "-fPIC", str(root / "lib.c"), "-o", str(library)]
                   + (root / "flags").read_text().split(), check=True)
    return check(library, root / "include")


def sample(code, header="OFFHOOK_API int offhook_a(void);\n", flags=f"-Wl,-soname,{SONAME}"):
    return {"lib.c": code, "include/offhook/a.h": header, "flags": flags}


A = "int offhook_a(void) { return 1; }\n"
SAMPLES = [
    ("a good library", build_and_check, sample(A), None),
    ("an inner function shows", build_and_check, sample(A + "int dialog_new(void) { return 1; }\n"), ["exports dialog_new"]),
    ("a declared function is missing", build_and_check,
     sample(A, "OFFHOOK_API int offhook_a(void);\nOFFHOOK_API const char *offhook_b(int x);\n"), ["lacks offhook_b"]),
    ("an undeclared function shows", build_and_check, sample(A + "int offhook_c(void) { return 1; }\n"), ["offhook_c"]),
    ("nothing is exported", build_and_check, sample("static int a;\nint f(void) __attribute__((visibility(\"hidden\")));\n"
                                                     "int f(void) { return a; }\n", ""), ["exports nothing"]),
    ("no version in the name", build_and_check, sample(A, flags="-Wl,-soname,liboffhook.so"), ["SONAME"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "exports.py LIBRARY INCLUDE_FOLDER")
