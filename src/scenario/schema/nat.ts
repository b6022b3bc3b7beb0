/** The key `nat`: how source addresses are translated, and by what. */
import { z } from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { choice, flag, optional, text, word } from './values.ts';

const { nat } = DEFAULTS;

const masqueradeRule = z.strictObject({
  enabled: optional(flag, 'false is the same as `masquerade: none`.', 'true'),
  all: optional(flag, 'Also traffic to services (kube-proxy --masquerade-all).', String(nat.masquerade.all)),
  ports: optional(
    word(['preserve', 'random', 'random-fully']),
    'How a source port is chosen: kept where free, --random, or --random-fully.',
    nat.masquerade.ports,
  ),
  range: optional(
    choice('portRange', [word(['kernel']), text('portRange', /^\d{1,5}-\d{1,5}$/)]),
    "Ports to translate to (--to-ports), e.g. `20000-20099`; `kernel`: the kernel's classes 1-511, 600-1023, 1024-65535.",
    'kernel',
  ),
  addresses: optional(
    z.int().min(1).max(256),
    'Number of source addresses to translate to, 1 to 256.',
    String(nat.masquerade.addresses),
  ),
});

export const natFile = z.strictObject({
  engine: optional(
    word(['netfilter', 'cilium-1.15', 'cilium-1.16', 'cilium-1.19']),
    "Which implementation translates: netfilter, or Cilium's eBPF SNAT by what changed in it.",
    nat.engine,
  ),
  hooks: optional(
    flag,
    "NAT rules exist in the node's namespace; without them no NAT hook runs, not even for null bindings.",
    String(nat.hooks),
  ),
  masquerade: optional(
    choice('masquerade', [word(['none']), masqueradeRule]),
    'Masquerading of pod addresses; `none`: pod addresses are routable.',
  ),
  iptables: optional(
    text('version', /^\d{1,4}(\.\d{1,4}){1,3}$/),
    'Version of iptables in the image of kube-proxy and the network plugin: --random-fully needs 1.6.2.',
    nat.iptables,
  ),
  plugin: optional(
    text('plugin', /^[a-z][a-z0-9.+-]{0,63}$/),
    'Network plugin with version, e.g. `flannel-0.10.0`: tells whether it turns --random-fully on.',
    nat.plugin,
  ),
});

export type NatFile = z.infer<typeof natFile>;
