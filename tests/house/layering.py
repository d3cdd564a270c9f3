#!/usr/bin/env python3
"""Includes obey the table of ARCHITECTURE.md: a layer includes itself and what its row names, nothing else."""
import re

import house

ROWS = {
    "base": [],
    "host": ["base"],
    "tls": ["host", "base"],
    "codec": ["base"],
    "nat": ["tls", "host", "base"],
    "rtp": ["codec", "nat", "host", "base"],
    "audio": ["rtp", "codec", "host", "base"],
    "sdp": ["base"],
    "sip": ["tls", "host", "base"],
    "session": ["sip", "sdp", "host", "base"],
    "phone": ["session", "sip", "sdp", "audio", "rtp", "nat", "codec", "tls", "host", "base"],
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)


def includes(path):
    for quoted, angled in INCLUDE.findall(path.read_text()):
        yield quoted or angled, bool(quoted)


def check_layer(root, layer):
    problems = []
    for path in house.sources(root / "src" / layer, ".c", ".h"):
        where = path.relative_to(root)
        for name, quoted in includes(path):
            folder = name.split("/")[0]
            if folder == "offhook" and "/" in name:
                # The list of errors is everybody's; the rest of the public API is the phone's.
                if layer != "phone" and name != "offhook/error.h":
                    problems.append(f"{where}: {layer} includes the public {name}")
            elif quoted and "/" not in name:
                problems.append(f'{where}: "{name}" without its folder; write "{layer}/{name}"')
            elif folder in ROWS and folder != layer and folder not in ROWS[layer]:
                problems.append(f"{where}: {layer} may not include {folder} ({name})")
            elif quoted and folder not in ROWS:
                problems.append(f"{where}: {name} is in no layer")
    return problems


def check_outside(root, folder):
    """Programs and bindings see the public API only; beside it what stands in their own folder."""
    problems = []
    for path in house.sources(root / folder, ".c", ".h"):
        for name, quoted in includes(path):
            if name.startswith("offhook/"):
                continue
            if name.split("/")[0] in ROWS or (quoted and not (path.parent / name).exists()):
                problems.append(f"{path.relative_to(root)}: {folder} may include the public API only ({name})")
    return problems


def check_public(root):
    problems = []
    for path in house.sources(root / "include", ".h"):
        for name, quoted in includes(path):
            if quoted and not name.startswith("offhook/"):
                problems.append(f"{path.relative_to(root)}: a public header includes {name}")
    return problems


def check(root):
    folders = {p.name for p in (root / "src").iterdir() if p.is_dir()}
    rows = [("every folder of src is a layer", [f"src/{f} is not in the table" for f in sorted(folders - set(ROWS))])]
    seen = list(house.sources(root / "src", ".c", ".h"))
    rows.append(("there is something to check", [] if seen else ["no sources under src/"]))
    rows += [(f"src/{layer}", check_layer(root, layer)) for layer in ROWS if layer in folders]
    rows += [(folder, check_outside(root, folder)) for folder in ("cmd", "python", "examples") if (root / folder).is_dir()]
    rows.append(("include/offhook", check_public(root)))
    return rows


GOOD = {"src/base/a.h": "", "src/base/a.c": '#include "base/a.h"\n#include "offhook/error.h"\n#include <sys/types.h>\n',
        "src/sip/b.c": '#include "host/h.h"\n', "src/host/h.h": "", "cmd/main.c": '#include "x.h"\n', "cmd/x.h": ""}
SAMPLES = [
    ("a good tree", check, GOOD, None),
    ("nothing at all", check, {"src/base/README": ""}, ["no sources"]),
    ("base looks up", check, {**GOOD, "src/base/a.c": '#include "sip/b.h"\n'}, ["base may not include sip"]),
    ("a space hides nothing", check, {**GOOD, "src/sdp/a.c": ' #  include "host/h.h"\n'}, ["sdp may not include host"]),
    ("angle brackets hide nothing", check, {**GOOD, "src/sdp/a.c": "#include <host/h.h>\n"}, ["sdp may not include host"]),
    ("a layer that nobody knows", check, {**GOOD, "src/misc/a.c": ""}, ["src/misc"]),
    ("an include without a folder", check, {**GOOD, "src/sip/a.c": '#include "b.h"\n'}, ["without its folder"]),
    ("sip uses the public call API", check, {**GOOD, "src/sip/a.c": '#include "offhook/call.h"\n'}, ["public"]),
    ("the command reaches inside", check, {**GOOD, "cmd/main.c": '#include "sip/b.h"\n'}, ["public API only"]),
    ("a binding reaches inside", check, {**GOOD, "python/m.c": '#include "../src/sip/b.h"\n'}, ["public API only"]),
    ("a public header shows the inside", check, {**GOOD, "include/offhook/x.h": '#include "base/a.h"\n'}, ["public header"]),
]

if __name__ == "__main__":
    house.main(check, SAMPLES, "layering.py SOURCE_ROOT")
