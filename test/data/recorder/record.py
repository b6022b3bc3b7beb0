"""Records resolvers under random loss: `lossy-lookups.csv`, one line for each query of a lookup.

Run as root on Debian 12 with `apt-get install gcc musl-tools golang-go nodejs iproute2 python3`:
    python3 record.py OUTPUT.csv [PROCESSES_PER_CELL [CLIENT...]]
Makes a network namespace with the name servers' addresses on its loopback device, starts each client there
with a resolv.conf of its own, and removes all of it at the end. Takes about ten minutes, most of it waiting.
"""
import asyncio
import csv
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "lossy-lookups"
ADDRESSES = ["10.77.0.1", "10.77.0.2", "10.77.0.3"]
SEED = "2026-11-22"
PROBABILITIES = ["0.1", "0.2", "0.3", "0.4"]
SEARCH = "one.example two.example"
LOOKUPS = 8
AT_ONCE = 160
STARTS_PER_SECOND = 4
LONGEST_PROCESS_SECONDS = 600

# Another release of Node has another c-ares: NODE=/path/to/node.
NODE = os.environ.get("NODE", "node")
ASK_NODE = "`${process.versions.ares} ${process.versions.node}`"
ARES, NODE_VERSION = subprocess.run([NODE, "-p", ASK_NODE], capture_output=True, text=True).stdout.split()

GLIBC = ["glibc", "2.36-9+deb12u14"]
MUSL = ["musl", "1.2.3"]
GO = ["go", "1.19.8"]
NODE_LOOKUP = ["node-lookup", f"node {NODE_VERSION} (glibc 2.36)"]
NODE_CARES = ["node-cares", f"c-ares {ARES} (node {NODE_VERSION})"]

# Client, options, name servers, with a search list, threads of libuv's pool.
SETTINGS = [
    *[(GLIBC, options, servers, False, None)
      for options in ["", "single-request", "single-request-reopen", "timeout:1 attempts:3"]
      for servers in [1, 2]],
    (GLIBC, "rotate", 2, False, None),
    (GLIBC, "", 3, False, None),
    *[(client, "ndots:5", servers, True, None) for client in [GLIBC, MUSL, GO] for servers in [1, 2]],
    *[(client, options, servers, False, None)
      for client in [MUSL, GO, NODE_CARES]
      for options in ["", "timeout:1 attempts:3"]
      for servers in [1, 2]],
    *[(GO, options, 2, False, None) for options in ["single-request", "rotate"]],
    (NODE_CARES, "rotate", 2, False, None),
    (NODE_CARES, "", 3, False, None),
    (NODE_LOOKUP, "", 1, False, 1),
    (NODE_LOOKUP, "", 2, False, 1),
    (NODE_LOOKUP, "", 1, False, 4),
]


class Process:
    def __init__(self, number, setting, probability):
        (self.client, self.version), self.options, self.servers, self.search, self.threads = setting
        self.name = f"p{number}"
        self.probability = probability
        pool = f" UV{self.threads}" if self.threads else ""
        search = " search2" if self.search else ""
        self.case = f"{self.servers}ns{search}{pool} loss {probability} {self.name}"

    def resolv_conf(self):
        lines = [f"nameserver {address}" for address in ADDRESSES[: self.servers]]
        if self.search:
            lines.append(f"search {SEARCH}")
        if self.options:
            lines.append(f"options {self.options}")
        return "\n".join(lines) + "\n"

    def command(self, built):
        names = [f"l{i + 1}-{self.name}.lossy.test" for i in range(LOOKUPS)]
        start = {
            "glibc": [f"{built}/getaddrinfo-glibc"],
            "musl": [f"{built}/getaddrinfo-musl"],
            "go": [f"{built}/lookup-go"],
            "node-lookup": [NODE, f"{HERE}/lookup.mjs", "lookup"],
            "node-cares": [NODE, f"{HERE}/lookup.mjs", "resolve"],
        }[self.client]
        return start + names


async def main():
    output = sys.argv[1]
    per_cell = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    clients = sys.argv[3:]
    settings = [setting for setting in SETTINGS if not clients or setting[0][0] in clients]
    cells = [(setting, p) for _ in range(per_cell) for setting in settings for p in PROBABILITIES]
    processes = [Process(i, *cell) for i, cell in enumerate(cells)]
    with tempfile.TemporaryDirectory() as folder:
        build(folder)
        run("ip", "netns", "add", NAMESPACE)
        server = None
        try:
            run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
            for address in ADDRESSES:
                run("ip", "-n", NAMESPACE, "address", "add", f"{address}/32", "dev", "lo")
            server = start_server(folder, processes)
            results = await run_all(folder, processes)
        finally:
            if server is not None:
                server.send_signal(signal.SIGTERM)
                server.wait(10)
            run("ip", "netns", "delete", NAMESPACE)
        write(output, processes, results, read_log(f"{folder}/log"))


def build(folder):
    source = f"{HERE}/getaddrinfo.c"
    run("gcc", "-O1", "-o", f"{folder}/getaddrinfo-glibc", source)
    run("musl-gcc", "-static", "-O1", "-o", f"{folder}/getaddrinfo-musl", source)
    without_cgo = {**os.environ, "CGO_ENABLED": "0"}
    run("go", "build", "-o", f"{folder}/lookup-go", f"{HERE}/lookup.go", env=without_cgo)


def start_server(folder, processes):
    with open(f"{folder}/processes", "w") as file:
        file.writelines(f"{process.name} {process.probability}\n" for process in processes)
    with open(f"{folder}/nsswitch.conf", "w") as file:
        file.write("hosts: files dns\n")
    command = ["ip", "netns", "exec", NAMESPACE, sys.executable, f"{HERE}/server.py"]
    arguments = [SEED, f"{folder}/processes", f"{folder}/log", *ADDRESSES]
    server = subprocess.Popen(command + arguments, stdout=subprocess.PIPE, text=True)
    if server.stdout.readline() != "ready\n":
        raise RuntimeError("the name server did not start")
    return server


async def run_all(folder, processes):
    places = asyncio.Semaphore(AT_ONCE)
    tasks = []
    for process in processes:
        await places.acquire()
        tasks.append(asyncio.create_task(run_one(folder, process, places)))
        await asyncio.sleep(1 / STARTS_PER_SECOND)
    return await asyncio.gather(*tasks)


async def run_one(folder, process, places):
    """Lines `lookup result milliseconds` of one process, as many as it came to."""
    try:
        file = f"{folder}/resolv-{process.name}"
        with open(file, "w") as resolv_conf:
            resolv_conf.write(process.resolv_conf())
        # `ip netns exec` brings a mount namespace of its own.
        mounts = f"""mount --bind {file} /etc/resolv.conf
            mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf"""
        environment = {**os.environ, "UV_THREADPOOL_SIZE": str(process.threads or 4)}
        child = await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", NAMESPACE, "sh", "-c", f'{mounts}\nexec "$@"', "sh",
            *process.command(folder), stdout=asyncio.subprocess.PIPE, env=environment)
        try:
            printed, _ = await asyncio.wait_for(child.communicate(), LONGEST_PROCESS_SECONDS)
        except asyncio.TimeoutError:
            child.kill()
            raise RuntimeError(f"{process.case} took too long")
        return [line.split() for line in printed.decode().splitlines()]
    finally:
        places.release()


def read_log(file):
    """Queries by (process, lookup), in order of arrival."""
    queries = {}
    for line in open(file):
        at, lookup, process, server, port, question, name, dropped = line.split()
        query = (int(at), server, port, question, name, dropped)
        queries.setdefault((process, lookup), []).append(query)
    return {key: sorted(lines) for key, lines in queries.items()}


def write(output, processes, results, log):
    """A field that is empty says what the line above says."""
    columns = ["client", "version", "options", "case", "lookup_no", "event_no", "t_ms", "port_index", "proto",
               "server", "qtype", "name_index", "result", "total_ms", "dropped"]
    above = [""] * len(columns)
    with open(output, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for process, lookups in sorted(zip(processes, results), key=lambda one: one[0].client):
            if len(lookups) != LOOKUPS:
                raise RuntimeError(f"{process.case} ended after {len(lookups)} lookups")
            for number, result, total in lookups:
                ports, names = [], []
                queries = log[process.name, f"l{number}"]
                for event, (at, server, port, question, name, dropped) in enumerate(queries):
                    t = (at - queries[0][0]) / 1e6
                    line = [process.client, process.version, process.options or "default", process.case,
                            number, str(event + 1), f"{t:.1f}", number_of(port, ports), "UDP", server, question,
                            number_of(name, names), result, total, dropped]
                    # A time and a number of its own in every line; the rest where it changes.
                    fresh = above[3:5] != line[3:5]
                    writer.writerow([field if i in (5, 6, 14) or fresh and i > 3 or field != above[i] else ""
                                     for i, field in enumerate(line)])
                    above = line


def number_of(what, seen):
    if what not in seen:
        seen.append(what)
    return str(seen.index(what) + 1)


def run(*command, env=None):
    subprocess.run(command, check=True, env=env)


asyncio.run(main())
