"""The reference workload with SimPy 2 (Debian's python3-simpy), as its manual would write it: a process per lookup and
per packet, CPUs as resources, the table a dict keyed by tuples.

`python3 simpyModel.py SECONDS SEED` prints what `workload/measure.ts` does.
"""
import json
import random
import re
import sys
import time
from collections import deque

from SimPy.Simulation import Process, Resource, Simulation, hold, release, request

CPUS = 8
PODS = 100
LOOKUPS_PER_SECOND = 50
SERVERS = 16
GAP_S = 5e-6
SERVICE_S = 10e-6
REPLY_SERVICE_S = 2e-6
ROUND_TRIP_S = 500e-6
TIMEOUT_S = 5
ATTEMPTS = 2
EXPIRY_S = 30
SWEEP_EVERY_S = 1
LOWEST_SOURCE_PORT, SOURCE_PORTS = 32768, 28232
LOWEST_NAT_PORT, NAT_PORTS = 1024, 64512
MOST_PROBES = 128
NODE = "192.0.2.1"

SECONDS, SEED = float(sys.argv[1]), sys.argv[2]
rng = random.Random(SEED)
simulation = Simulation()


class Counts:
    packets = queries = insert_failed = timeouts = probes = lookups = 0


def exponential(mean):
    return rng.expovariate(1 / mean)


def below(n):
    return int(rng.random() * n)


class Entry:
    __slots__ = ("original", "reply", "last_used", "confirmed")

    def __init__(self, original, reply, now):
        self.original = original
        self.reply = reply
        self.last_used = now
        self.confirmed = False


class Conntrack:
    def __init__(self):
        self.entries = {}
        self.by_age = deque()
        self.rover = 0

    def find(self, key, now):
        entry = self.entries.get(key)
        if entry is None or now < entry.last_used + EXPIRY_S:
            return entry
        self.remove(entry)
        return None

    def track(self, original, now):
        known = self.find(original, now)
        if known is not None:
            known.last_used = now
            return known
        return Entry(original, self.choose_reply(original, now), now)

    def choose_reply(self, original, now):
        protocol, _, own_port, server, server_port = original
        Counts.probes += 1
        key = (protocol, server, server_port, NODE, own_port)
        if self.find(key, now) is None:
            return key
        for probe in range(MOST_PROBES):
            position = (self.rover + probe) % NAT_PORTS
            key = (protocol, server, server_port, NODE, LOWEST_NAT_PORT + position)
            Counts.probes += 1
            if self.find(key, now) is None:
                break
        self.rover = position
        return key

    def confirm(self, entry, now):
        if entry.confirmed:
            return True
        if self.find(entry.original, now) or self.find(entry.reply, now):
            Counts.insert_failed += 1
            return False
        entry.confirmed = True
        entry.last_used = now
        self.entries[entry.original] = self.entries[entry.reply] = entry
        self.by_age.append((now, entry))
        return True

    def sweep(self, now):
        """Removes what has expired; what was used since then goes to the back."""
        while self.by_age and now >= self.by_age[0][0] + EXPIRY_S:
            _, entry = self.by_age.popleft()
            if now >= entry.last_used + EXPIRY_S:
                self.remove(entry)
            else:
                self.by_age.append((entry.last_used, entry))

    def remove(self, entry):
        if self.entries.get(entry.original) is entry:
            del self.entries[entry.original]
            del self.entries[entry.reply]


conntrack = Conntrack()
cpus = [Resource(capacity=1, sim=simulation) for _ in range(CPUS)]


class Sweeper(Process):
    def run(self):
        while True:
            yield hold, self, SWEEP_EVERY_S
            conntrack.sweep(self.sim.now())


class Query(Process):
    """From the pod through the node to the server, and the answer back."""

    def run(self, lookup, question):
        attempt = lookup.attempt
        Counts.queries += 1
        Counts.packets += 1
        cpu = cpus[below(CPUS)]
        yield request, self, cpu
        entry = conntrack.track(lookup.original, self.sim.now())
        yield hold, self, exponential(SERVICE_S)
        confirmed = conntrack.confirm(entry, self.sim.now())
        yield release, self, cpu
        if not confirmed:
            return
        yield hold, self, exponential(ROUND_TRIP_S)
        Counts.packets += 1
        cpu = cpus[below(CPUS)]
        yield request, self, cpu
        now = self.sim.now()
        entry = conntrack.find(entry.reply, now)
        if entry is not None:
            entry.last_used = now
        yield hold, self, REPLY_SERVICE_S
        yield release, self, cpu
        if entry is not None and attempt == lookup.attempt:
            lookup.answered(question)


class Lookup(Process):
    def run(self, pod):
        Counts.lookups += 1
        server = "10.96.0.%d" % (1 + below(SERVERS))
        self.original = ("udp", pod, LOWEST_SOURCE_PORT + below(SOURCE_PORTS), server, 53)
        for self.attempt in range(1, ATTEMPTS + 1):
            self.answers = set()
            self.send("A")
            gap = exponential(GAP_S)
            yield hold, self, gap
            self.send("AAAA")
            yield hold, self, TIMEOUT_S - gap
            Counts.timeouts += 1
        self.attempt = 0

    def send(self, question):
        query = Query(sim=self.sim)
        self.sim.activate(query, query.run(self, question))

    def answered(self, question):
        self.answers.add(question)
        if len(self.answers) == 2:
            self.cancel(self)


class Pod(Process):
    def run(self, address):
        while True:
            yield hold, self, rng.expovariate(LOOKUPS_PER_SECOND)
            lookup = Lookup(sim=self.sim)
            self.sim.activate(lookup, lookup.run(address))


for i in range(PODS):
    pod = Pod(sim=simulation)
    simulation.activate(pod, pod.run("10.244.0.%d" % i))
sweeper = Sweeper(sim=simulation)
simulation.activate(sweeper, sweeper.run())
before = time.process_time()
simulation.simulate(until=SECONDS)
cpu_seconds = time.process_time() - before
conntrack.sweep(SECONDS)
print(
    json.dumps(
        {
            "packets": Counts.packets,
            "queries": Counts.queries,
            "insertFailed": Counts.insert_failed,
            "timeouts": Counts.timeouts,
            "probes": Counts.probes,
            "lookups": Counts.lookups,
            "liveEntries": len(conntrack.entries) // 2,
            "cpuSeconds": cpu_seconds,
            "maxRssBytes": 1024 * int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]),
        }
    )
)
