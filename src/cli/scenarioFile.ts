/** Reads and checks a scenario file; what is wrong with it becomes a `Failure`. */
import { readFileSync } from 'node:fs';
import { parseResolver } from '../clients/catalogue.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import { type LoadedCluster, loadCluster } from '../scenario/clusterFile.ts';
import { InvalidScenario } from '../scenario/invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadScenario } from '../scenario/load.ts';
import { type LoadedPoints, loadPoints } from '../scenario/points.ts';
import { USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

/** @param command Refuses a file about a cluster, which `snatrace run` alone takes. */
export function readScenario(path: string, command: string): LoadedScenario {
  return oneNode(reading(path, loadScenario), path, command);
}

/** With the scenarios of its node groups, if it is about a cluster. */
export function readCluster(path: string): LoadedCluster {
  return reading(path, loadCluster);
}

function oneNode(loaded: LoadedScenario, path: string, command: string): LoadedScenario {
  const { cluster } = loaded.experiment;
  if (cluster === null) return loaded;
  const names = cluster.groups.map(({ name }) => name);
  throw new Failure(messages.clusterIsForRun(path, `snatrace ${command}`, names), USAGE);
}

/** With all points of its `vary`; `overrides` are keys at its top that have another value in every point. */
export function readPoints(path: string, overrides: Readonly<Record<string, unknown>>): LoadedPoints {
  return reading(path, (text, options) => {
    oneNode(loadScenario(text, options), path, 'sweep');
    return loadPoints(text, { ...options, overrides });
  });
}

function reading<Loaded>(path: string, load: (text: string, options: LoadOptions) => Loaded): Loaded {
  const text = readText(path);
  try {
    return load(text, {
      path,
      readFile: (name) => readFileSync(name, 'utf8'),
      checks: { kernel: kernelProblem, libc: resolverProblem },
    });
  } catch (error) {
    if (error instanceof InvalidScenario) throw new Failure(error.message, USAGE);
    throw error;
  }
}

/** Null, or what is wrong with a kernel release. */
export function kernelProblem(release: string): string | null {
  const resolution = resolveKernel(release);
  if ('kernel' in resolution) return null;
  const { reason, neighbours } = resolution.unknown;
  return messages.unknownKernel(release, reason, neighbours);
}

function resolverProblem(libc: string): string | null {
  try {
    parseResolver(libc);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Failure(messages.noSuchFile(path), USAGE);
    if (code === 'EISDIR') throw new Failure(messages.isDirectory(path), USAGE);
    throw new Failure(messages.unreadable(path, message), USAGE);
  }
}
