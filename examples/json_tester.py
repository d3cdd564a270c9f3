"""Calls a URI several times with the offhook command, and judges by what it says: json_tester.py sip:test@host 10"""
import json
import statistics
import subprocess
import sys

MOST_LOST = 1.0  # percent
EXIT = {0: "good", 1: "refused", 4: "no answer", 5: "no audio", 6: "not reached"}


def one_call(uri):
    """The exit status, and the figures of the call."""
    done = subprocess.run(["offhook", "dial", uri, "--tone", "440", "--duration", "1", "--timeout", "10", "--json",
                           "--quiet"], stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "call.stats":
            return done.returncode, event
    return done.returncode, None


def judge(status, stats):
    """One word on a call."""
    if status or stats is None:
        return EXIT.get(status, f"exit status {status}")
    lost = 100 * stats["rx_lost"] / max(1, stats["rx_packets"] + stats["rx_lost"])
    return "lossy" if lost > MOST_LOST else "good"


calls = [one_call(sys.argv[1]) for _ in range(int(sys.argv[2]))]
words = [judge(*call) for call in calls]
for (status, stats), word in zip(calls, words):
    if stats:
        print(f"{stats['time']}  {word:12} {stats['status']} {stats['reason']:20} set-up {stats['setup_ms']:.1f} ms, "
              f"jitter {stats['rx_jitter_ms']:.1f} ms, {stats['rx_lost']} lost")
setups = [stats["setup_ms"] for (status, stats), word in zip(calls, words) if word == "good"]
if setups:
    print(f"{len(setups)} of {len(calls)} good, set-up {statistics.median(setups):.1f} ms in the middle")
sys.exit(0 if len(setups) == len(calls) else 1)
