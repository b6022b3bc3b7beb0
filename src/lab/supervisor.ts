/**
 * The first process of the lab, in the node's network namespace. It is also the first of a process namespace:
 * when it ends, the kernel ends every other process there, and with the last process of a network namespace
 * go its links, rules and entries. It ends as soon as whoever started it is gone, by SIGKILL too, since that
 * closes the channel.
 */
import { openSync } from 'node:fs';
import { COUNTERS_PATH } from './conntrackCounters.ts';
import { LabProcess } from './process.ts';
import { handlersOf, serve } from './requests.ts';
import { AGENTS, type Agent } from './topology.ts';

const LONGEST_MS = 600_000;
const agents = new Map<string, LabProcess>();

/** After the rules: before them the kernel may not have loaded connection tracking. */
async function startAgents(): Promise<Record<Agent, number>> {
  // What is read from it is this namespace's, in whichever process it is read.
  const counters = openSync(COUNTERS_PATH, 'r');
  const started = await Promise.all(
    AGENTS.map(async (name) => {
      const agent = await LabProcess.start(`${name}Agent`, { namespaces: ['-n'], descriptor: counters });
      agents.set(name, agent);
      return [name, agent.pid] as const;
    }),
  );
  return Object.fromEntries(started) as Record<Agent, number>;
}

const own = handlersOf({ startAgents });

serve((request) => {
  const { to, name, argument } = request;
  if (to === 'node') return own(request);
  const agent = agents.get(to);
  if (agent === undefined) throw new Error(`no agent is called ${to}`);
  // Whoever asked waits no longer than it wants to.
  return agent.ask(to, name, argument, LONGEST_MS);
});
