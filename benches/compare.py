#!/usr/bin/env python3
"""Measure examples/bench_hello.rs beside published servers, in turns, and print markdown tables.

    python3 benches/compare.py                                        # hello against hyper and bare
    python3 benches/compare.py --work hello,block,mixed,idle,half,syscalls --against hyper,bare
    python3 benches/compare.py --against all --rounds 5
    python3 benches/compare.py --also before=/tmp/old/bench_hello     # two builds of our own

Workloads (server and load share this machine's cores, so compare within one table only):

    hello      (W1) 64 keep-alive connections        pipelined  the same, 16 requests a write
    close      one connection a request              block      /block (20 ms) on 256 connections
    mixed      32 fast connections alone, then beside 30 that ask for /block
    idle       64 active connections alone, then beside 10,000 idle ones
    half       latency of single requests alone, then beside 2,000 half-sent heads
    syscalls   calls a request, counted by perf's tracepoints (strace where those can't be had)
    strace     the same by `strace -c -f`, which slows the server down and so changes its batches

Needs wrk, and perf or strace (tests/peers.sh). It builds what it runs, unless --no-build.
"""

import argparse
import contextlib
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PEERS = ["hyper", "bare", "threads", "axum", "tiny_http", "rouille"]
ASK = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ASK_ONCE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


# ---------------------------------------------------------------- a server under test


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A started server: its CPU time, memory and threads; ended on exit."""

    def __init__(self, program):
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([program, str(self.port)], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"{program} did not start: {self.output()}") from None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-500:]

    def proc(self, name):
        return Path(f"/proc/{self.process.pid}/{name}")

    def cpu(self):
        """User and system seconds so far."""
        fields = self.proc("stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Proportional set size in KiB."""
        return int(re.search(r"^Pss:\s+(\d+)", self.proc("smaps_rollup").read_text(), re.M)[1])

    def threads(self):
        return len(os.listdir(self.proc("task")))


# ---------------------------------------------------------------- load

MICROS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}
PIPELINE = """
init = function()
  local all = {}
  for i = 1, 16 do all[i] = wrk.format("GET", "/") end
  batch = table.concat(all)
end
request = function() return batch end
"""


def wrk_command(server, path, connections, seconds, *more):
    options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "10s"]
    return ["wrk", *options, *more, f"http://127.0.0.1:{server.port}{path}"]


def wrk_result(text):
    number = lambda pattern: float(m[1]) if (m := re.search(pattern, text)) else 0.0

    def latency(percent):
        m = re.search(rf"^\s+{percent}%\s+([\d.]+)(\w+)", text, re.M)
        return float(m[1]) * MICROS[m[2]] if m else float("nan")

    return {
        "req/s": number(r"Requests/sec:\s+([\d.]+)"),
        "p50 us": latency(50),
        "p99 us": latency(99),
        "errors": sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", text))),
        "done": number(r"(\d+) requests in"),
    }


def wrk(server, path="/", connections=64, seconds=3.0, more=()):
    """One run of wrk, with what the server spent on it."""
    before = server.cpu()
    command = wrk_command(server, path, connections, seconds, *more)
    row = wrk_result(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    spent = server.cpu() - before
    done = row.pop("done")
    row["server us/req"] = spent / done * 1e6 if done else float("nan")
    row["threads"] = server.threads()
    return row


def connect(server, count, send, answered):
    """Open `count` connections that each send `send`; if `answered`, each waits for its answer."""
    held = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", server.port), 5)
        s.sendall(send)
        if answered and not s.recv(4096):
            raise OSError("an idle connection was closed")
        held.append(s)
    return held


def single_requests(server, count=300):
    """Microseconds that single requests took, each on a connection of its own: sorted."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", server.port), 5) as s:
            s.sendall(ASK_ONCE)
            while s.recv(4096):
                pass
        times.append((time.perf_counter() - started) * 1e6)
    return sorted(times)


# ---------------------------------------------------------------- workloads: a server in, a row out


def hello(server, a):
    wrk(server, seconds=1)
    return wrk(server, seconds=a.seconds)


def pipelined(server, a):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(PIPELINE)
        script.flush()
        return wrk(server, seconds=a.seconds, more=["-s", script.name])


def close(server, a):
    return wrk(server, seconds=a.seconds, more=["-H", "Connection: close"])


def block(server, a):
    wrk(server, "/block", 256, 1)
    return wrk(server, "/block", 256, a.seconds)


def mixed(server, a):
    alone = wrk(server, "/", 32, a.seconds)
    slow = subprocess.Popen(wrk_command(server, "/block", 30, a.seconds + 2), stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    beside = wrk(server, "/", 32, a.seconds)
    slowly = wrk_result(slow.communicate()[0])
    return {
        "fast req/s": beside["req/s"],
        "fast alone": alone["req/s"],
        "kept": beside["req/s"] / alone["req/s"],
        "fast p99 us": beside["p99 us"],
        "slow req/s": slowly["req/s"],
        "threads": beside["threads"],
        "errors": beside["errors"] + slowly["errors"],
    }


def idle(server, a):
    wrk(server, seconds=1)
    alone = wrk(server, seconds=a.seconds)
    fresh = server.memory()
    held = connect(server, a.idle, ASK, answered=True)
    per_connection, threads = (server.memory() - fresh) / a.idle, server.threads()
    beside = wrk(server, seconds=a.seconds)
    for s in held:
        s.close()
    return {
        "req/s": beside["req/s"],
        "alone": alone["req/s"],
        "kept": beside["req/s"] / alone["req/s"],
        "p99 us": beside["p99 us"],
        "KiB/idle": per_connection,
        "threads": threads,
        "errors": beside["errors"],
    }


def half(server, a):
    single_requests(server, 50)
    alone = single_requests(server)
    held = connect(server, a.half, HALF, answered=False)
    beside = single_requests(server)
    threads = server.threads()
    for s in held:
        s.close()
    at = lambda times, q: times[int(len(times) * q)]
    return {
        "p50 us": at(beside, 0.5),
        "p50 alone": at(alone, 0.5),
        "p99 us": at(beside, 0.99),
        "p99 alone": at(alone, 0.99),
        "threads": threads,
    }


CALLS = """recvfrom sendto recvmsg sendmsg read write readv writev epoll_wait epoll_pwait epoll_ctl poll ppoll futex accept4
close shutdown setsockopt getsockopt fcntl openat sched_yield clock_gettime clock_nanosleep clone3 mmap munmap madvise""".split()


def call_row(counts, done):
    """Calls a request, the frequent ones by name."""
    each = {name: count / max(1, done) for name, count in counts.items()}
    named = sorted(((n, v) for n, v in each.items() if v >= 0.0005), key=lambda pair: -pair[1])
    return {"calls/req": sum(each.values()), "which": ", ".join(f"{n} {v:.3f}" for n, v in named)}


def counted(server, command, seconds):
    """What the counter `command` printed while wrk ran, and how many requests that were."""
    counter = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    done = wrk_result(subprocess.run(wrk_command(server, "/", 64, seconds), capture_output=True, text=True).stdout)["done"]
    counter.send_signal(signal.SIGINT)
    return counter.communicate()[1], done


def syscalls(server, a):
    wrk(server, seconds=1)
    events = ",".join(f"syscalls:sys_enter_{call}" for call in CALLS)
    perf = ["perf", "stat", "-x,", "-e", f"raw_syscalls:sys_enter,{events}", "-p", str(server.process.pid)]
    try:
        text, done = counted(server, perf, a.seconds)
    except FileNotFoundError:
        return strace(server, a)
    rows = [line.split(",") for line in text.splitlines()]
    counts = {row[2].rsplit("sys_enter", 1)[1].lstrip("_"): int(row[0]) for row in rows if row[0].isdigit()}
    if not counts:
        return strace(server, a)
    every = counts.pop("")
    return call_row(counts | {"others": max(0, every - sum(counts.values()))}, done)


def strace(server, a):
    text, done = counted(server, ["strace", "-c", "-f", "-q", "-p", str(server.process.pid)], a.seconds)
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w+)$", text, re.M)
    return call_row({name: int(count) for count, name in rows if name != "total"}, done)


WORK = {f.__name__: f for f in (hello, pipelined, close, block, mixed, idle, half, syscalls, strace)} | {"W1": hello}
ONCE = {"syscalls", "strace"}  # counts, not times: one round is enough
SLEEPY = {"block", "mixed"}  # of no use with a peer that only knows hello
HELLO_ONLY = {"bare"}


# ---------------------------------------------------------------- turns and tables


def show(value):
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def table(title, rows):
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    print(f"\n### {title}\n\n| server | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(show(row.get(column)) for column in columns) + " |")
    sys.stdout.flush()


def measure(work, servers, a):
    """Run the servers in turn, the first one changing each round; medians, and medians of each round's ratios."""
    names = [name for name in servers if not (work in SLEEPY and name in HELLO_ONLY)]
    rounds = 1 if work in ONCE else a.rounds
    seen, troubles = {name: {} for name in names}, {}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name in troubles:
                continue
            try:
                with Server(servers[name]) as server:
                    seen[name][turn] = WORK[work](server, a)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                troubles[name] = str(error).splitlines()[0][:80]
    rows = {name: summary(runs, seen[names[0]], names[0]) for name, runs in seen.items()}
    for name, trouble in troubles.items():
        rows[name]["trouble"] = trouble
    table(work if work in ONCE else f"{work} ({rounds} x {a.seconds:g} s)", rows)


def summary(runs, ours, first):
    row = {}
    lead = next((c for run in runs.values() for c in run if c.endswith("req/s")), None)
    ratios = [ours[t][lead] / run[lead] for t, run in runs.items() if lead and t in ours and run[lead]]
    if ratios:
        row[f"{first}/it"] = statistics.median(ratios)
    for column in next(iter(runs.values()), {}):
        values = [run[column] for run in runs.values()]
        row[column] = values[0] if isinstance(values[0], str) else statistics.median(values)
    return row


# ---------------------------------------------------------------- the command


def cargo(target, *arguments):
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--quiet", *arguments], cwd=REPO, env=environment, check=True)


def programs(a):
    """What is measured, by name; ours first."""
    peers = [name for part in a.against.split(",") for name in (PEERS if part == "all" else [part]) if name]
    if unknown := set(peers) - set(PEERS):
        sys.exit(f"unknown peer {unknown.pop()}: there are {', '.join(PEERS)}")
    if not a.no_build:
        cargo(a.target, "--example", "bench_hello")
        if peers:
            cargo(a.peers, "--manifest-path", "benches/peers/Cargo.toml")
    found = {"sockeye": a.server or f"{a.target}/release/examples/bench_hello"}
    found |= dict(pair.split("=", 1) for pair in a.also)
    found |= {name: f"{a.peers}/release/{name}" for name in peers}
    for program in found.values():
        if not Path(program).exists():
            sys.exit(f"{program} is missing: run without --no-build")
    return found


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target"))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", default="hello", help="workloads, comma-separated; all: every one but strace")
    p.add_argument("--against", default="hyper,bare", help=f"peers, comma-separated, or all: {', '.join(PEERS)}")
    p.add_argument("--also", action="append", default=[], metavar="NAME=PROGRAM", help="one more server, started with its port")
    p.add_argument("--server", metavar="PROGRAM", help="instead of examples/bench_hello as built")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--idle", type=int, default=10_000, help="idle connections")
    p.add_argument("--half", type=int, default=2_000, help="half-sent heads")
    p.add_argument("--target", type=Path, default=target, help="where sockeye is built")
    p.add_argument("--peers", type=Path, default=target / "peers", help="where the peers are built")
    p.add_argument("--no-build", action="store_true")
    a = p.parse_args()
    wanted = [w for part in a.work.split(",") for w in ([w for w in WORK if w not in ("W1", "strace")] if part == "all" else [part])]
    if unknown := set(wanted) - set(WORK):
        sys.exit(f"unknown workload {unknown.pop()}: there are {', '.join(WORK)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    servers = programs(a)
    for work in wanted:
        measure(work, servers, a)


if __name__ == "__main__":
    main()
