/**
 * One of the two threads that send a pair. The first also reads the counters, between one pair and the next.
 */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync, readSync } from 'node:fs';
import { Socket as TcpSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Flow } from './addressPlan.ts';
import { parseCounters } from './conntrackCounters.ts';
import { Meeting } from './meeting.ts';
import { payloadOf } from './packets.ts';
import { HANDED_DESCRIPTOR } from './process.ts';
import { type SenderReply, type SenderRequest, sharedMemory } from './senderMemory.ts';

const { which } = workerData as { which: 0 | 1 };
const { door, threads, sentAtNs, clashes } = sharedMemory(
  (workerData as { memory: SharedArrayBuffer }).memory,
);
const meeting = new Meeting(door);
// In every process namespace it has another number; the last is that of the innermost.
const numbers = /^NSpid:(?:\s+\d+)*?\s+(\d+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'));
threads[which] = Number(numbers?.[1] ?? 0);

/** Sends packet i of the batch: it is on its way when this returns. */
let sends: ((i: number) => void)[] = [];
let delays: readonly number[] = [];
let open: Socket[] = [];
let answers = 0;
let connects: Promise<number>[] = [];

/** The time when the packet of pair i may go. */
function heldBack(i: number): bigint {
  let now = process.hrtime.bigint();
  const delayNs = delays[i] as number;
  if (delayNs === 0) return now;
  const dueNs = now + BigInt(Math.round(delayNs));
  while (now < dueNs) now = process.hrtime.bigint();
  return now;
}

/**
 * When a packet was in the node, as well as its sender can tell: on its way through both links it is
 * processed inside of the call that sends it, and what holds the call up may come before that or after.
 */
function middle(startNs: bigint): bigint {
  return (startNs + process.hrtime.bigint()) / 2n;
}

async function prepare({
  protocol,
  first,
  flows,
  delaysNs,
}: Extract<SenderRequest, { what: 'prepare' }>): Promise<void> {
  delays = delaysNs;
  sends =
    protocol === 'udp'
      ? await Promise.all(flows.map((flow, i) => udpSender(flow, 2 * (first + i) + which)))
      : flows.map((flow, i) => tcpSender(flow, 2 * (first + i) + which));
}

/** Connected, so that a send is one system call, made at once. */
async function udpSender({ source, port, destination, destinationPort }: Flow, packet: number) {
  // Two sockets with one name stand for the one socket that two threads send on: the kernel sees the same
  // tuple.
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  open.push(socket);
  socket.on('message', () => {
    answers += 1;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: source, port, exclusive: true }, () =>
      socket.connect(destinationPort, destination, () => {
        socket.off('error', reject);
        resolve();
      }),
    );
  });
  // A refusal would be a loss that the sender is told of: what arrives is counted where it arrives.
  socket.on('error', () => {});
  const payload = payloadOf(packet);
  return (i: number): void => {
    meeting.meet();
    const startNs = heldBack(i);
    socket.send(payload);
    sentAtNs[2 * i + which] = middle(startNs);
  };
}

function tcpSender({ source, port, destination, destinationPort }: Flow, packet: number) {
  return (i: number): void => {
    const socket = new TcpSocket();
    let startNs = 0n;
    connects.push(
      new Promise<number>((resolve) => {
        const end = (): void => {
          resolve(Number.POSITIVE_INFINITY);
          socket.destroy();
        };
        socket.once('connect', () => {
          resolve(Number(process.hrtime.bigint() - startNs));
          // The server resets what has told its number.
          socket.write(payloadOf(packet));
        });
        socket.on('error', end);
        socket.setTimeout(LONGEST_CONNECT_MS, end);
      }),
    );
    socket.connect({
      // A name, so that there is a moment between the making of the socket and its connect.
      host: 'pair',
      port: destinationPort,
      family: 4,
      autoSelectFamily: false,
      lookup: (_host, _options, callback) => {
        const handle = handleOf(socket);
        // Not by `localAddress`: bind(2) would then come after the meeting, and take as long as the whole
        // race.
        const error = handle.bind(source, port);
        if (error !== 0) throw new Error(`cannot bind to ${source}:${port} (${error})`);
        const connectNow = handle.connect;
        handle.connect = (...args) => {
          meeting.meet();
          startNs = heldBack(i);
          // Not the middle of the call, which after the SYN goes through the rest of the handshake.
          sentAtNs[2 * i + which] = startNs;
          return connectNow.apply(handle, args);
        };
        callback(null, destination, 4);
      },
    });
  };
}

interface TcpHandle {
  bind(address: string, port: number): number;
  // biome-ignore lint/suspicious/noExplicitAny: they are handed on as they come
  connect(...args: any[]): number;
}

/** The calls of the kernel by themselves, with nothing of Node's around them; nothing public has them. */
function handleOf(socket: TcpSocket): TcpHandle {
  const { _handle } = socket as unknown as { _handle: TcpHandle };
  return _handle;
}

/** Past the third resent SYN. */
const LONGEST_CONNECT_MS = 9000;

async function send(): Promise<void> {
  let before = which === 0 ? clashesSoFar() : 0;
  for (let i = 0; i < sends.length; i++) {
    (sends[i] as (i: number) => void)(i);
    meeting.meet();
    if (which === 0) {
      const now = clashesSoFar();
      clashes[i] = now - before;
      before = now;
    }
  }
  sends = [];
  // The end of a connect is seen by the event loop alone, and is not to look late.
  if (connects.length > 0) await sleep(SEEN_WITHIN_MS);
}

const SEEN_WITHIN_MS = 5;

const text = Buffer.alloc(1 << 16);

function clashesSoFar(): number {
  const length = readSync(HANDED_DESCRIPTOR, text, 0, text.length, 0);
  const { insert_failed = 0, clash_resolve = 0 } = parseCounters(text.toString('latin1', 0, length));
  return insert_failed + clash_resolve;
}

async function collect(): Promise<Pick<SenderReply, 'answers' | 'connectsNs'>> {
  const result = { answers, connectsNs: await Promise.all(connects) };
  for (const socket of open) socket.close();
  open = [];
  connects = [];
  answers = 0;
  return result;
}

parentPort?.on('message', async (request: SenderRequest) => {
  let reply: SenderReply = { error: null, answers: 0, connectsNs: [] };
  try {
    if (request.what === 'prepare') await prepare(request);
    else if (request.what === 'send') await send();
    else reply = { error: null, ...(await collect()) };
  } catch (error) {
    reply = { ...reply, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(reply);
});
