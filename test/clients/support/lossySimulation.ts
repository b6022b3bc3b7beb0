/**
 * What the machines make of random loss: the processes of `lossy-lookups.csv` again, with losses and choices of the
 * library drawn anew.
 */
import { A } from '../../../src/clients/resolver.ts';
import { type RandomStream, RandomStreams } from '../../../src/engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../../../src/engine/time.ts';
import { NOERROR, NXDOMAIN } from '../../../src/network/dnsAnswers.ts';
import { answer, LOST } from './faults.ts';
import type { Recording } from './recordings.ts';
import { resolverFor, settingOf } from './replay.ts';
import { type Run, type Script, ScriptedHost, TestLookup } from './scriptedHost.ts';

export interface Outcome {
  readonly ok: boolean;
  readonly tookMs: number;
  /** It succeeded without one of the two families that exist. */
  readonly oneFamily: boolean;
}

/** Plays the process of a recording `times` times with losses of its probability. */
export function simulate(recording: Recording, seed: string, times: number): readonly Outcome[] {
  const loss = Number(/ loss (\S+)/.exec(recording.case)![1]);
  const setting = settingOf(recording);
  return Array.from({ length: times }, (_, replication) => {
    const streams = new RandomStreams(seed, replication);
    const choices = streams.stream('choices of the library');
    const host = new ScriptedHost({ uniform: (lookup, index) => choices.uniform(lookup.handle, index) });
    const resolver = resolverFor(recording, setting, host);
    const threads = Array.from({ length: setting.threads }, () => resolver.newThread());
    const losses = streams.stream('losses');
    return recording.lookups.map((_, i) => {
      const lookup = new TestLookup(i);
      lookup.dots = setting.dots;
      lookup.thread = threads[i % threads.length]!;
      const run = host.start(resolver, lookup, losing(loss, losses, i));
      host.runUntil(host.now() + 300 * SECOND, () => run.endedAt !== null);
      return outcomeOf(run);
    });
  }).flat();
}

/** The bare name exists; those of the search list do not. */
function losing(probability: number, losses: RandomStream, lookup: number): Script {
  let queries = 0;
  return ({ candidate }) =>
    losses.uniform(lookup, queries++) < probability ? LOST : answer(candidate === 0 ? NOERROR : NXDOMAIN);
}

function outcomeOf({ endedAt, startedAt, error, found }: Run): Outcome {
  if (endedAt === null) throw new Error('the lookup hangs');
  const ok = error === 'ok';
  return { ok, tookMs: (endedAt - startedAt) / MILLISECOND, oneFamily: ok && (found === A || found === 2) };
}

export function recordedOutcomes({ lookups }: Recording): readonly Outcome[] {
  return lookups.map(({ result, totalMs }) => {
    const addresses = /(\d)xA\+(\d)xAAAA/.exec(result);
    const ok = addresses !== null;
    return { ok, tookMs: totalMs, oneFamily: ok && addresses[1] !== addresses[2] };
  });
}
