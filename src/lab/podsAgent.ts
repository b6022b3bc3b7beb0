/**
 * The pods' processes: two threads that send pairs of packets at the same moment, and flows one after the
 * other. Threads share memory, so they can wait for each other without the kernel; a kernel thread is on two
 * CPUs only now and then.
 */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync, readSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Flow, podAddress } from './addressPlan.ts';
import { parseCounters } from './conntrackCounters.ts';
import { type Batch, type BatchOutcome, type Flows, payloadOf, type Returned } from './packets.ts';
import { HANDED_DESCRIPTOR } from './process.ts';
import { execute, handlersOf, serve } from './requests.ts';
import { LARGEST_BATCH, type SenderReply, type SenderRequest, sharedMemory } from './senderMemory.ts';

const memory = sharedMemory();
const senders: Worker[] = [];

/** Both threads, having sent some pairs to this namespace's own loopback: their code is compiled by then. */
async function start(protocols: readonly ('udp' | 'tcp')[]): Promise<void> {
  try {
    // Above other work, where that is allowed: a thread that is not running when its packet is due races with
    // nothing.
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // It is not, outside of root: the offsets will show what that costs.
  }
  for (const which of [0, 1] as const) senders.push(senderThread({ which, memory: memory.buffer }));
  const sink = podAddress(0xf_0000);
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) =>
    udp.bind({ address: sink, port: SINK_PORT, exclusive: true }, resolve),
  );
  const tcp = createServer((socket) =>
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()),
  );
  await new Promise<void>((resolve) => tcp.listen({ host: sink, port: SINK_PORT, exclusive: true }, resolve));
  for (const protocol of protocols) {
    for (let round = 0; round < WARM_UP_BATCHES; round++) {
      const pairs = Array.from({ length: LARGEST_BATCH }, (_, i): [Flow, Flow] => {
        const port = FIRST_WARM_UP_PORT + round * LARGEST_BATCH + i;
        const from = (pod: number): Flow => ({
          source: podAddress(0xf_0001 + pod),
          port,
          destination: sink,
          destinationPort: SINK_PORT,
        });
        return [from(0), from(1)];
      });
      await race({ protocol, first: 0, pairs });
      await collect();
      if (round === 0) await giveEachItsCpu();
    }
  }
  udp.close();
  tcp.close();
}

/**
 * The first and the last that this process may use. Without taskset(1) the scheduler sees to it, less often.
 */
async function giveEachItsCpu(): Promise<void> {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cpus = list.split(/[-,]/);
  const pinned = [cpus[0], cpus[cpus.length - 1]].map((cpu, i) =>
    execute({ file: 'taskset', args: ['-c', '-p', String(cpu), String(memory.threads[i])], input: '' }),
  );
  await Promise.allSettled(pinned);
}

function senderThread(workerData: unknown): Worker {
  if (import.meta.url.endsWith('.js')) {
    return new Worker(new URL('./senderThread.js', import.meta.url), { workerData });
  }
  // From its sources, as the tests run it: threads do not inherit what reads TypeScript.
  const url = JSON.stringify(new URL('./senderThread.ts', import.meta.url).href);
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${url}); })`;
  return new Worker(code, { eval: true, workerData });
}

const SINK_PORT = 9;
const WARM_UP_BATCHES = 3;
const FIRST_WARM_UP_PORT = 20000;

async function race({ protocol, first, pairs, delaysNs }: Batch): Promise<BatchOutcome> {
  await both((which) => ({
    what: 'prepare',
    protocol,
    first,
    flows: pairs.map((pair) => pair[which]),
    delaysNs: pairs.map((_, i) => delaysNs?.[i]?.[which] ?? 0),
  }));
  await both(() => ({ what: 'send' }));
  return {
    offsetsNs: Float64Array.from(pairs, (_, i) =>
      Number((memory.sentAtNs[2 * i + 1] as bigint) - (memory.sentAtNs[2 * i] as bigint)),
    ),
    clashes: Uint8Array.from(memory.clashes.subarray(0, pairs.length)),
  };
}

/** Waits for the end of all connects, and closes the sockets. */
async function collect(): Promise<Returned> {
  const [first, second] = (await both(() => ({ what: 'collect' }))) as [SenderReply, SenderReply];
  return {
    answers: first.answers + second.answers,
    connectsNs: first.connectsNs.flatMap((ns, i) => [ns, second.connectsNs[i] as number]),
  };
}

function both(request: (which: 0 | 1) => SenderRequest): Promise<SenderReply[]> {
  return Promise.all(senders.map((sender, which) => ask(sender, request(which as 0 | 1))));
}

function ask(sender: Worker, request: SenderRequest): Promise<SenderReply> {
  return new Promise((resolve, reject) => {
    const onMessage = (reply: SenderReply): void => {
      sender.off('error', reject);
      if (reply.error === null) resolve(reply);
      else reject(new Error(reply.error));
    };
    sender.once('message', onMessage);
    sender.once('error', reject);
    sender.postMessage(request);
  });
}

/** One socket for each source; each sends to where its flows go. */
async function fill({ first, flows }: Flows): Promise<void> {
  const sockets = new Map<string, Socket>();
  for (const { source, port } of flows) {
    if (!sockets.has(source)) sockets.set(source, await bound(source, port));
  }
  await Promise.all(
    flows.map(
      ({ source, destination, destinationPort }, i) =>
        new Promise<void>((resolve, reject) => {
          const socket = sockets.get(source) as Socket;
          socket.send(payloadOf(first + i), destinationPort, destination, (error) =>
            error ? reject(error) : resolve(),
          );
        }),
    ),
  );
  for (const socket of sockets.values()) socket.close();
}

function bound(address: string, port: number): Promise<Socket> {
  // Addresses are numbers: looking them up must not cost a turn of the event loop.
  const lookup = (
    host: string,
    _options: unknown,
    callback: (error: null, address: string, family: number) => void,
  ): void => callback(null, host, 4);
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', lookup: lookup as never });
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => resolve(socket));
  });
}

const text = Buffer.alloc(1 << 18);

function counters(): Record<string, number> {
  return parseCounters(text.toString('latin1', 0, readSync(HANDED_DESCRIPTOR, text, 0, text.length, 0)));
}

/** Of this namespace, since it was made. */
function resentSyns(): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('TCPSynRetrans') ?? -1] ?? 0);
}

serve(handlersOf({ start, race, collect, fill, counters, resentSyns }));
