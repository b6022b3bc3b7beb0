/**
 * Everything outside the node: the endpoints of the service and the addresses that packets leave the cluster
 * for.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrivals, type Listening, packetOf } from './packets.ts';
import { handlersOf, serve } from './requests.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];
let arrivals = roomFor(0);
let answers = 0;
let count = 0;

async function listenUdp({ addresses, port, answerAfterMs }: Listening): Promise<void> {
  const all = addresses ?? ['0.0.0.0'];
  for (const [endpoint, address] of all.entries()) {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.on('message', (payload, remote) => receive(socket, endpoint, payload, remote, answerAfterMs));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address, exclusive: true }, resolve);
    });
    socket.on('error', () => {});
    // As much as the machine allows: a batch must fit.
    socket.setRecvBufferSize(1 << 20);
  }
}

function receive(
  socket: Socket,
  endpoint: number,
  payload: Buffer,
  remote: RemoteInfo,
  afterMs: number | null,
): void {
  if (!record(packetOf(payload), remote.port, endpoint) || afterMs === null) return;
  setTimeout(() => {
    answers += 1;
    socket.send(payload, remote.port, remote.address);
  }, afterMs);
}

/** Whether that packet is new. */
function record(packet: number | null, port: number, endpoint: number): boolean {
  const { arrived, ports, endpoints } = arrivals;
  if (packet === null || packet >= arrived.length || arrived[packet] === 1) return false;
  arrived[packet] = 1;
  ports[packet] = port;
  endpoints[packet] = endpoint;
  count += 1;
  return true;
}

async function listenTcp({ addresses, port }: Listening): Promise<void> {
  const all = addresses ?? ['0.0.0.0'];
  for (const [endpoint, address] of all.entries()) {
    const server = createServer((socket) => {
      const { remotePort = 0 } = socket;
      socket.on('error', () => {});
      socket.once('data', (payload) => {
        record(packetOf(payload), remotePort, endpoint);
        socket.resetAndDestroy();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, backlog: 4096, exclusive: true }, resolve);
    });
  }
}

/** Forgets what came, and makes room for packets numbered from 0. */
function expect(packets: number): void {
  count = 0;
  answers = 0;
  arrivals = roomFor(packets);
}

function roomFor(packets: number): Omit<Arrivals, 'answers'> {
  return {
    arrived: new Uint8Array(packets),
    ports: new Uint16Array(packets),
    endpoints: new Uint16Array(packets),
  };
}

/** Waits for so many packets in all, or until none has come for 5 ms; returns how many there are. */
async function settle(expected: number): Promise<number> {
  let quietSince = performance.now();
  let last = -1;
  while (count < expected) {
    if (count !== last) {
      last = count;
      quietSince = performance.now();
    } else if (performance.now() - quietSince > 5) {
      break;
    }
    await sleep(1);
  }
  return count;
}

/** Packets that came and found a socket's buffer full: the lab's fault, not the node's. */
function overflows(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('RcvbufErrors') ?? -1] ?? 0);
}

async function close(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.close();
  for (const server of servers.splice(0)) server.close();
}

// Below the senders: what has arrived can wait in its socket, and a sender that waits for a CPU races with
// nothing.
setPriority(constants.priority.PRIORITY_LOW);

serve(
  handlersOf({
    listenUdp,
    listenTcp,
    expect,
    settle,
    overflows,
    close,
    tally: (): Arrivals => ({ ...arrivals, answers }),
  }),
);
