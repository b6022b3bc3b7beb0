import type { Mitigation } from './mitigation.ts';
import { oneQuestionAtATime } from './oneQuestionAtATime.ts';
import { addOption, asksForOneFamily, dnsConfig } from './resolverOption.ts';

const WORD = 'single-request';
const TEXT = 'glibc and Go ask for AAAA when A is answered; musl and c-ares do not know the word';

export const singleRequest: Mitigation = {
  name: WORD,
  title: 'single-request (dnsConfig)',
  changes:
    "The pods' resolv.conf says `options single-request`: glibc asks for A, waits for the answer, and asks for AAAA from the same port, where conntrack knows the flow.",
  effort: 'pod-spec',
  scope: oneQuestionAtATime(WORD, TEXT),
  prerequisites: ['glibc 2.10 or Go 1.13; ignored by musl (Alpine) and c-ares'],
  cost: [
    'one more round trip per name tried: five with the usual search list, so use it with ndots:2 or trailing dots',
    'up to glibc 2.40 an error in answer to A is followed by a wait of 5 s for an answer to a question never asked (bug 30081)',
  ],
  howTo: [dnsConfig(WORD), 'kubectl exec POD -- cat /etc/resolv.conf   # options ... single-request'],
  sources: [
    'glibc res_send.c and NEWS 2.10; Go issue 29644',
    'resolver traces, glibc 2.36: AAAA leaves from the same port after the answer to A',
  ],
  apply: (scenario) => addOption(scenario, WORD, asksForOneFamily),
};
