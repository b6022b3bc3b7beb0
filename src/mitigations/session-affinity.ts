import { ifDrawn, ONE_BACKEND_A_PAIR, withService } from './backend.ts';
import { ineffective, type Mitigation } from './mitigation.ts';

export const sessionAffinity: Mitigation = {
  name: 'session-affinity',
  title: 'sessionAffinity: ClientIP',
  changes: 'The DNS service keeps the endpoint of a client for three hours: both packets of a pair go to it.',
  effort: 'setting',
  scope: {
    ...ONE_BACKEND_A_PAIR,
    sameSocketOtherBackend: {
      effect: 'removes',
      text: 'but for the first pair of a pod under IPVS, and when its endpoint goes away',
    },
  },
  prerequisites: ['none'],
  cost: [
    'no balancing per pod: one that asks much loads one server',
    'a client is tied to a dead endpoint until kube-proxy has removed it (not simulated)',
  ],
  howTo: [
    `kubectl -n kube-system patch service kube-dns -p '{"spec":{"sessionAffinity":"ClientIP"}}'`,
    'iptables -t nat -S | grep -- --rcheck   # rules of the recent module for the service',
  ],
  sources: [
    'kube-proxy: -m recent --rcheck before the draw',
    'kubernetes 56903 (thockin: the first packet still races)',
  ],
  apply: (scenario) => {
    const { choice } = scenario.services.dns;
    if (choice === 'client-ip') return ineffective(scenario, 'the service has it already');
    if (choice === 'hash') return ineffective(scenario, 'the endpoint is a function of the socket already');
    return ifDrawn(scenario, withService(scenario, { choice: 'client-ip' }));
  },
};
