/** What is asked of a machine: files, programs, a clock. Tests put another machine in its place. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { performance } from 'node:perf_hooks';

export interface Machine {
  /** `process.platform`. */
  readonly platform: string;
  /** `uname -r`. */
  readonly release: string;
  /** CPUs that this process may use. */
  readonly cpus: number;
  readonly nodeVersion: string;
  /** Effective user; null where there is no such thing. */
  readonly uid: number | null;
  /** A text file, or null if it cannot be read. */
  read(path: string): string | null;
  /** Names in a folder; none if it cannot be read. */
  list(path: string): readonly string[];
  /** Where a symbolic link points to, or null. */
  link(path: string): string | null;
  /** Runs a program to its end; null if there is no such program. */
  run(command: string, args: readonly string[]): Promise<Ran | null>;
  wait(ms: number): Promise<void>;
  nowNs(): number;
}

export interface Ran {
  /** Null: ended by a signal, such as that of the time limit. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Long enough for modules to load. */
const TIME_LIMIT_MS = 10_000;

/** Administration tools are outside of an ordinary user's PATH on Debian. */
const EXTRA_PATH = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

export function pathWithAdministration(path = process.env.PATH ?? ''): string {
  return [...new Set([...path.split(':').filter((part) => part !== ''), ...EXTRA_PATH])].join(':');
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    release: release(),
    cpus: availableParallelism(),
    nodeVersion: process.versions.node,
    uid: process.geteuid?.() ?? null,
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return null;
      }
    },
    list: (path) => {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
    link: (path) => {
      try {
        return readlinkSync(path);
      } catch {
        return null;
      }
    },
    run: runToEnd,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nowNs: () => performance.now() * 1e6,
  };
}

function runToEnd(command: string, args: readonly string[]): Promise<Ran | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: pathWithAdministration(), LC_ALL: 'C' },
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'EACCES' ? resolve(null) : reject(error),
    );
    child.on('close', (code) => resolve({ code, stdout: out.join(''), stderr: err.join('') }));
  });
}
