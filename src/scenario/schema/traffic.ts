/** The keys `dns` and `tcp` of a group of pods: what its pods do, and when. */
import { z } from 'zod';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import { formatDuration } from '../units.ts';
import { choice, distribution, duration, optional, rate, text, word, written } from './values.ts';

const { arrivals, lookupName, tcp } = DEFAULTS;

/** A host name, underscores allowed as in service records, with or without the trailing dot. */
export const HOST_NAME =
  /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?){0,126}\.?$/;

export const hostName = text('hostName', HOST_NAME);

/** `address:port`, IPv4. */
export const ENDPOINT = /^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/;

const endpoint = text('endpoint', ENDPOINT);

const burstSize = z.int().min(1).max(100_000);
const spread = optional(
  duration,
  'All starts of a burst lie within this.',
  formatDuration(arrivals.spreadNs),
);

const arrivalsFile = choice('arrivals', [
  z.strictObject({ poisson: rate.describe('Starts of one pod, independent of each other.') }),
  z.strictObject({
    periodic: rate.describe('Starts of one pod, evenly spaced; each pod has its own phase.'),
    jitter: optional(duration, 'Each start is moved by up to this.', formatDuration(arrivals.jitterNs)),
  }),
  z.strictObject({
    bursts: rate.describe('Starts of one pod (not bursts).'),
    size: burstSize.describe('Starts in one burst.'),
    spread,
    spacing: optional(
      word(['poisson', 'periodic']),
      'Bursts independent of each other, or evenly spaced.',
      arrivals.spacing,
    ),
  }),
  z.strictObject({
    cron: duration.describe('Every pod of the group at the same moments, this far apart.'),
    size: optional(burstSize, 'Starts of one pod at each moment.', String(arrivals.size)),
    spread,
  }),
  z.strictObject({
    replay: choice('replay', [
      text('replay', /^[^\s].{0,1000}$/).describe(
        'A CSV file with the columns time (seconds since the start of the measured time), pod (from 0) and name; beside the scenario file.',
      ),
      z
        .array(
          z.tuple([duration, z.int().min(0), choice('replayedName', [z.int().min(0), z.string()])], {
            error: 'replayRow',
          }),
        )
        .max(LIMITS.logRows)
        .describe('The log itself: time, pod, and name or its index.'),
    ]),
  }),
]);

const lookupNameFile = choice('lookupName', [
  hostName,
  z.strictObject({
    name: hostName.describe('As the application passes it to getaddrinfo.'),
    fqdn: optional(
      hostName,
      'The absolute name that exists. Default: `svc`, `svc.namespace` and `svc.namespace.svc` in the cluster, else the name itself.',
    ),
    families: optional(
      z.array(word(['ipv4', 'ipv6'])).max(2),
      'Address families that exist for it; []: the name exists nowhere.',
      `[${lookupName.families.join(', ')}]`,
    ),
    ttl: optional(duration, 'Time to live of its records.', formatDuration(lookupName.ttlNs)),
  }),
]);

const when = {
  rate: optional(rate, 'Starts of one pod, e.g. `5/s`: a Poisson process. Either this or `arrivals`.'),
  arrivals: optional(arrivalsFile, 'When lookups or connects start, if not at random.'),
};

export const dnsTrafficFile = z.strictObject({
  ...when,
  warmUp: optional(
    choice('dnsWarmUp', [word(['all']), duration]),
    'Lookups begin this long before measuring does; `all`: with the warm-up of the scenario.',
    'all',
  ),
  names: optional(
    z.array(lookupNameFile).min(1).max(LIMITS.names),
    'Names looked up, each as often as it stands here. A replayed log may bring its own.',
  ),
});

export const tcpTrafficFile = z.strictObject({
  ...when,
  to: optional(
    z.array(endpoint).min(1).max(LIMITS.names),
    'Destinations outside the cluster as `address:port`, each as often as it stands here.',
  ),
  reuse: optional(
    z.int().min(1).max(1_000_000),
    'Requests that share one connection; 1: no pool.',
    String(tcp.reuse),
  ),
  hold: optional(distribution, 'From the connection being established to its close.', written(tcp.hold)),
  closedBy: optional(
    word(['client', 'server', 'reset']),
    'Who closes first: decides on which side TIME_WAIT stays; `reset` leaves none.',
    tcp.closedBy,
  ),
  connectTimeout: optional(
    choice('connectTimeout', [word(['kernel']), duration]),
    'The application gives up after this; `kernel`: when the kernel does.',
    'kernel',
  ),
});

export type ArrivalsFile = z.infer<typeof arrivalsFile>;
export type LookupNameFile = z.infer<typeof lookupNameFile>;
export type DnsTrafficFile = z.infer<typeof dnsTrafficFile>;
export type TcpTrafficFile = z.infer<typeof tcpTrafficFile>;
