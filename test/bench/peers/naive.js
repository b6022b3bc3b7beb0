/**
 * The reference workload as a simulation that one writes in an afternoon: an object and a closure per event in a binary
 * heap, a Map keyed by strings, an object per packet, lookup and entry. No care is taken for speed, and none against it.
 *
 * `node --random-seed=SEED naive.js SECONDS` prints what `workload/measure.ts` does.
 */
import { readFileSync } from 'node:fs';

const CPUS = 8;
const PODS = 100;
const LOOKUPS_PER_SECOND = 50;
const SERVERS = 16;
const GAP_S = 5e-6;
const SERVICE_S = 10e-6;
const REPLY_SERVICE_S = 2e-6;
const ROUND_TRIP_S = 500e-6;
const TIMEOUT_S = 5;
const ATTEMPTS = 2;
const EXPIRY_S = 30;
const SOURCE_PORTS = { min: 32768, count: 28232 };
const NAT_PORTS = { min: 1024, count: 64512 };
const MOST_PROBES = 128;

const counts = {
  packets: 0,
  queries: 0,
  insertFailed: 0,
  timeouts: 0,
  probes: 0,
  lookups: 0,
};

const exponential = (mean) => -Math.log(1 - Math.random()) * mean;
const below = (n) => Math.floor(Math.random() * n);

class EventQueue {
  heap = [];
  now = 0;
  scheduled = 0;

  after(delay, action) {
    const event = { time: this.now + delay, order: this.scheduled++, action, cancelled: false };
    this.heap.push(event);
    this.up(this.heap.length - 1);
    return event;
  }

  runUntil(end) {
    while (this.heap.length > 0 && this.heap[0].time <= end) {
      const event = this.takeFirst();
      if (event.cancelled) continue;
      this.now = event.time;
      event.action();
    }
  }

  takeFirst() {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.down(0);
    }
    return first;
  }

  up(index) {
    const event = this.heap[index];
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.isBefore(event, this.heap[parent])) break;
      this.heap[index] = this.heap[parent];
      index = parent;
    }
    this.heap[index] = event;
  }

  down(index) {
    const event = this.heap[index];
    for (let child = 2 * index + 1; child < this.heap.length; child = 2 * index + 1) {
      if (child + 1 < this.heap.length && this.isBefore(this.heap[child + 1], this.heap[child])) child++;
      if (!this.isBefore(this.heap[child], event)) break;
      this.heap[index] = this.heap[child];
      index = child;
    }
    this.heap[index] = event;
  }

  isBefore(a, b) {
    return a.time < b.time || (a.time === b.time && a.order < b.order);
  }
}

const events = new EventQueue();

const keyOf = ({ protocol, source, sourcePort, destination, destinationPort }) =>
  `${protocol} ${source}:${sourcePort} ${destination}:${destinationPort}`;

class Conntrack {
  entries = new Map();
  rover = 0;

  find(key) {
    const entry = this.entries.get(key);
    if (entry === undefined || events.now < entry.lastUsed + EXPIRY_S) return entry;
    this.remove(entry);
    return undefined;
  }

  /** What a packet of this tuple belongs to: an entry that all see, or a new one that none does. */
  track(tuple) {
    const key = keyOf(tuple);
    const known = this.find(key);
    if (known !== undefined) {
      known.lastUsed = events.now;
      return known;
    }
    const replyKeyOf = (port) =>
      keyOf({
        protocol: tuple.protocol,
        source: tuple.destination,
        sourcePort: tuple.destinationPort,
        destination: '192.0.2.1',
        destinationPort: port,
      });
    const replyKey = this.choosePort(tuple.sourcePort, replyKeyOf);
    return { key, replyKey, lastUsed: events.now, confirmed: false };
  }

  choosePort(own, replyKeyOf) {
    const ownKey = replyKeyOf(own);
    if (this.isFree(ownKey)) return ownKey;
    for (let probe = 0; ; probe++) {
      const position = (this.rover + probe) % NAT_PORTS.count;
      const key = replyKeyOf(NAT_PORTS.min + position);
      if (this.isFree(key) || probe === MOST_PROBES - 1) {
        this.rover = position;
        return key;
      }
    }
  }

  isFree(replyKey) {
    counts.probes++;
    return this.find(replyKey) === undefined;
  }

  confirm(entry) {
    if (entry.confirmed) return true;
    if (this.find(entry.key) !== undefined || this.find(entry.replyKey) !== undefined) {
      counts.insertFailed++;
      return false;
    }
    entry.confirmed = true;
    entry.lastUsed = events.now;
    this.entries.set(entry.key, entry);
    this.entries.set(entry.replyKey, entry);
    this.expire(entry);
    return true;
  }

  expire(entry) {
    events.after(entry.lastUsed + EXPIRY_S - events.now, () => {
      if (this.entries.get(entry.key) !== entry) return;
      if (events.now < entry.lastUsed + EXPIRY_S) this.expire(entry);
      else this.remove(entry);
    });
  }

  remove(entry) {
    this.entries.delete(entry.key);
    this.entries.delete(entry.replyKey);
  }

  get live() {
    return this.entries.size / 2;
  }
}

const conntrack = new Conntrack();

class Cpu {
  waiting = [];
  busy = false;

  receive(packet) {
    if (this.busy) this.waiting.push(packet);
    else this.serve(packet);
  }

  serve(packet) {
    this.busy = true;
    const serviceTime = packet.begin();
    events.after(serviceTime, () => {
      packet.end();
      this.busy = false;
      if (this.waiting.length > 0) this.serve(this.waiting.shift());
    });
  }
}

const cpus = Array.from({ length: CPUS }, () => new Cpu());

function dispatch(packet) {
  counts.packets++;
  cpus[below(CPUS)].receive(packet);
}

class Query {
  constructor(lookup, type) {
    this.lookup = lookup;
    this.type = type;
    this.attempt = lookup.attempt;
  }

  begin() {
    this.entry = conntrack.track(this.lookup.tuple);
    return exponential(SERVICE_S);
  }

  end() {
    if (!conntrack.confirm(this.entry)) return;
    events.after(exponential(ROUND_TRIP_S), () => dispatch(new Reply(this)));
  }
}

class Reply {
  constructor(query) {
    this.query = query;
  }

  begin() {
    this.entry = conntrack.find(this.query.entry.replyKey);
    if (this.entry !== undefined) this.entry.lastUsed = events.now;
    return REPLY_SERVICE_S;
  }

  end() {
    if (this.entry !== undefined) this.query.lookup.answered(this.query);
  }
}

class Lookup {
  attempt = 0;

  constructor(podAddress) {
    counts.lookups++;
    this.tuple = {
      protocol: 'udp',
      source: podAddress,
      sourcePort: SOURCE_PORTS.min + below(SOURCE_PORTS.count),
      destination: `10.96.0.${1 + below(SERVERS)}`,
      destinationPort: 53,
    };
    this.ask();
  }

  ask() {
    this.attempt++;
    this.answers = new Set();
    this.timer = events.after(TIMEOUT_S, () => {
      counts.timeouts++;
      if (this.attempt < ATTEMPTS) this.ask();
      else this.attempt = 0;
    });
    this.send('A');
    events.after(exponential(GAP_S), () => this.send('AAAA'));
  }

  send(type) {
    counts.queries++;
    dispatch(new Query(this, type));
  }

  answered({ attempt, type }) {
    if (attempt !== this.attempt) return;
    this.answers.add(type);
    if (this.answers.size === 2) this.timer.cancelled = true;
  }
}

function startPod(address) {
  const next = () => {
    events.after(exponential(1 / LOOKUPS_PER_SECOND), () => {
      next();
      new Lookup(address);
    });
  };
  next();
}

for (let pod = 0; pod < PODS; pod++) startPod(`10.244.0.${pod}`);
const before = process.cpuUsage();
events.runUntil(Number(process.argv[2]));
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    ...counts,
    liveEntries: conntrack.live,
    cpuSeconds: (user + system) / 1e6,
    maxRssBytes: 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
  }),
);
