"""Runs the benchmarks and prints one table; the rows go to OUT_DIR/NAME.json as well.

    run.py BUILD_DIR OUT_DIR [NAME ...]      all of them, or these
    run.py --compare A.json B.json           two runs side by side

A ratio above 1 says how many times more the peer beside us takes. What the target column asks for is the design's.
"""
import json
import os
import subprocess
import sys
import tempfile

# A name and the programs that measure it, in the order of the table. A program that the build lacks is an error.
BENCHES = {
    "parse": ["bench_parse"],
    "bridge": ["bench_bridge"],
    "accounts": ["account_register", "account_idle_memory"],
    "calls": ["call_media", "call_codecs", "media_tick", "call_delay", "call_setup", "call_signalling", "call_streams",
              "call_memory"],
}
LIMIT_S = 120  # a program that takes longer hangs


def fail(sentence, status):
    print(f"bench: {sentence}", file=sys.stderr)
    sys.exit(status)


def measure(program):
    """The rows of one program."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        try:
            done = subprocess.run([program, "--json", out.name], stdout=subprocess.DEVNULL, timeout=LIMIT_S)
        except FileNotFoundError:
            fail(f"{program} is not built; ./run bench builds it", 1)
        except subprocess.TimeoutExpired:
            fail(f"{program} did not finish within {LIMIT_S} s", 1)
        if done.returncode:
            fail(f"{program} failed (status {done.returncode})", 1)
        return json.load(out)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def line(row):
    peer = row.get("peer")
    target = row.get("goal")
    mark = "" if target is None else "  reached" if row["ours"] <= target else "  missed"
    return (f"{row['bench']:7} {row['row']:42} {number(row['ours']):>9} {row['unit']:4}"
            f"{peer or '':>12} {number(row['theirs']) if peer else '':>9} "
            f"{format(row['ratio'], '.2f') + ' x' if peer else '':>8}"
            f"{'' if target is None else '<= ' + format(target, 'g'):>9}{mark}").rstrip()


def header():
    return (f"{'bench':7} {'row':42} {'ours':>9} {'':4}{'peer':>12} {'theirs':>9} {'ratio':>8}{'target':>9}")


def run(build_dir, out_dir, names):
    for name in names:
        if name not in BENCHES:
            fail(f"there is no benchmark '{name}'; there are {', '.join(BENCHES)}", 2)
    os.makedirs(out_dir, exist_ok=True)
    print(header(), flush=True)
    for name in names or BENCHES:
        rows = []
        for program in BENCHES[name]:
            new = measure(os.path.join(build_dir, "bench", program))
            print("\n".join(line(row) for row in new), flush=True)
            rows += new
        path = os.path.join(out_dir, name + ".json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
            f.write("\n")


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return {(row["bench"], row["row"], row.get("peer")): row for row in json.load(f)}
    except (OSError, ValueError, KeyError, TypeError) as e:
        fail(f"{path} is no result of a benchmark ({e})", 2)


def compare(path_a, path_b):
    a, b = read(path_a), read(path_b)
    print(f"{'bench':7} {'row':42} {'A':>9} {'B':>9} {'':4}{'B / A':>8}   A = {path_a}, B = {path_b}")
    for key in list(a) + [k for k in b if k not in a]:
        bench, row, peer = key
        old, new = a.get(key), b.get(key)
        name = row if peer is None else f"{row} ({peer})"
        both = old and new and old["ours"] > 0
        print(f"{bench:7} {name:42} {number(old['ours']) if old else '-':>9} {number(new['ours']) if new else '-':>9} "
              f"{(old or new)['unit']:4}{format(new['ours'] / old['ours'], '.2f') if both else '':>8}")


def main(args):
    if len(args) == 3 and args[0] == "--compare":
        compare(args[1], args[2])
    elif len(args) >= 2 and not args[0].startswith("-"):
        run(args[0], args[1], args[2:])
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
