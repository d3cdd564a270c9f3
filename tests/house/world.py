#!/usr/bin/env python3
"""Time, chance and the network are arguments: only src/host touches them.

Looks at the undefined symbols of every object of the other layers (nm -u), and for the names of random devices in
them. TLS and NAT traversal call libraries that read the world by themselves; they are exempt by name.
"""
import os
import re
import shutil
import subprocess

import house

EXEMPT = {"host", "tls", "nat"}
FORBIDDEN = {
    "a clock": "clock_gettime clock_getres clock gettimeofday time times ftime timespec_get",
    "a sleep": "sleep usleep nanosleep clock_nanosleep pselect select",
    "a timer": "alarm ualarm setitimer timer_create timer_settime timerfd_create timerfd_settime",
    "a socket": "socket socketpair bind connect listen accept accept4 send sendto sendmsg sendmmsg recv recvfrom "
                "recvmsg recvmmsg getsockname getpeername setsockopt getsockopt getifaddrs if_nametoindex",
    "name resolution": "getaddrinfo getnameinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r "
                       "gethostbyaddr gethostbyaddr_r gethostname getservbyname getservbyport res_query res_nquery "
                       "res_search res_nsearch",
    "randomness": "getrandom getentropy rand rand_r srand random random_r srandom srandom_r initstate drand48 erand48 "
                  "lrand48 nrand48 mrand48 jrand48 srand48 arc4random arc4random_buf arc4random_uniform",
}
KIND = {name: kind for kind, names in FORBIDDEN.items() for name in names.split()}
PREFIXES = {"uv_": "the event loop", "ares_": "name resolution", "io_uring_": "a ring of the kernel"}
DEVICES = (b"/dev/urandom", b"/dev/random", b"/dev/hwrng")


def kind_of(symbol):
    name = symbol.split("@")[0]
    name = re.sub(r"^__(\w+)_chk$", r"\1", name)  # the checked forms of _FORTIFY_SOURCE
    name = re.sub(r"^__(clock_gettime|gettimeofday|time|nanosleep)(64)?$", r"\1", name)
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix):
            return kind
    return KIND.get(name)


def check_object(path, where):
    problems = []
    out = subprocess.run(["nm", "-u", str(path)], capture_output=True, text=True, check=True).stdout
    for symbol in (line.split()[-1] for line in out.splitlines() if line.strip()):
        kind = kind_of(symbol)
        if kind:
            problems.append(f"{where}: {symbol} ({kind})")
    data = path.read_bytes()
    problems += [f"{where}: names {device.decode()} (randomness)" for device in DEVICES if device in data]
    return problems


def check(source, build):
    rows = []
    for layer in sorted(p for p in (source / "src").iterdir() if p.is_dir()):
        if layer.name in EXEMPT or not any(layer.rglob("*.c")):
            continue
        objects = sorted((build / "src" / layer.name).rglob("*.o"))
        problems = [] if objects else [f"no objects of src/{layer.name} under {build}"]
        for path in objects:
            problems += check_object(path, path.name)
        rows.append((f"src/{layer.name}, {len(objects)} objects", problems))
    if not rows:
        rows.append(("there is something to check", [f"no layers with sources under {source}/src"]))
    return rows


def compile_and_check(root):
    """For the self-test: what is in src/ becomes objects as the build would make them."""
    compiler = os.environ.get("CC", "cc").split()
    for path in (root / "src").rglob("*.c"):
        layer = path.parent.name
        out = root / "build" / "src" / layer / f"liboh_{layer}.a.p" / (path.stem + ".c.o")
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(compiler + ["-w", "-c", str(path), "-o", str(out)], check=True)
    return check(root, root / "build")


def uncompiled(root):
    return check(root, root / "build")


def calling(name):
    return {"src/sip/a.c": f"int {name}();\nint f(void) {{ return {name}(); }}\n"}


SAMPLES = [
    ("a pure layer", compile_and_check, {"src/sip/a.c": "int f(void) { return 1; }\n"}, None),
    ("the host may do all that", compile_and_check,
     {"src/host/a.c": "int socket();\nint f(void) { return socket(); }\n", "src/sip/a.c": "int g;\n"}, None),
    ("a name that only looks alike", compile_and_check, calling("my_random"), None),
    ("nothing was built", uncompiled, {"src/sip/a.c": "int f(void) { return 1; }\n"}, ["no objects of src/sip"]),
    ("no sources", uncompiled, {"src/README": ""}, ["no layers"]),
    ("a random device", compile_and_check, {"src/sip/a.c": 'const char *p = "/dev/urandom";\n'}, ["/dev/urandom"]),
] + [
    (f"{name}() outside the host", compile_and_check, calling(name), [f"a.c.o: {name} ("])
    for name in ("clock_gettime", "time", "gettimeofday", "nanosleep", "usleep", "socket", "bind", "sendto", "recvfrom",
                 "sendmsg", "recvmsg", "getaddrinfo", "gethostbyname", "getrandom", "rand", "random", "arc4random",
                 "uv_now", "ares_query", "io_uring_submit")
]

if __name__ == "__main__":
    if not shutil.which("nm"):
        raise SystemExit("nm (binutils) is needed")
    house.main(check, SAMPLES, "world.py SOURCE_ROOT BUILD_ROOT")
