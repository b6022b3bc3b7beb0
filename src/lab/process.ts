/** Starts a process of the lab in a new namespace, and asks it things. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pathWithAdministration } from './doctorMachine.ts';
import type { Reply, Request } from './requests.ts';

export interface StartOptions {
  /** Flags of unshare(1). */
  readonly namespaces: readonly string[];
  /** Handed to the process as file descriptor 4. */
  readonly descriptor?: number;
  /** A session of its own, which no Ctrl-C of the terminal reaches: it ends when this process does. */
  readonly ownSession?: boolean;
}

/** In a process that was given one. */
export const HANDED_DESCRIPTOR = 4;

/** Last words that are kept of a process. */
const STDERR_KEPT = 4000;

export class LabProcess {
  private readonly child: ChildProcess;
  private readonly ownSession: boolean;
  private readonly waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  private readonly ended: Promise<void>;
  private stderr = '';
  private nextId = 1;

  private constructor(child: ChildProcess, ownSession: boolean) {
    this.child = child;
    this.ownSession = ownSession;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.fail(reason);
        resolve();
      };
      child.once('exit', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
      child.once('error', (error) => end(error.message));
    });
    child.on('message', (reply: Reply) => {
      const asker = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if ('error' in reply) asker?.reject(new Error(reply.error));
      else asker?.resolve(reply.result);
    });
  }

  /** `script`: a module of this folder, without its extension. Resolves when it is ready for requests. */
  static async start(
    script: string,
    { namespaces, descriptor, ownSession = false }: StartOptions,
  ): Promise<LabProcess> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    // From its sources, as the tests run it, Node needs help with TypeScript.
    const loader = extension === 'ts' ? ['--import', 'tsx'] : [];
    const path = fileURLToPath(new URL(`./${script}.${extension}`, import.meta.url));
    const args = [...namespaces, '--', process.execPath, ...loader, path];
    const child = spawn('unshare', args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...(descriptor === undefined ? [] : [descriptor])],
      serialization: 'advanced',
      detached: ownSession,
      env: { ...process.env, PATH: pathWithAdministration() },
    });
    const started = new LabProcess(child, ownSession);
    // The first message comes unasked.
    await started.reply(0, 15_000, `${script} to start`);
    return started;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Throws if the answer is an error, or does not come in time. */
  async ask<Result>(to: string, name: string, argument: unknown, timeoutMs = 30_000): Promise<Result> {
    const id = this.nextId++;
    const answer = this.reply(id, timeoutMs, `${to} to ${name}`);
    this.child.send({ id, to, name, argument } satisfies Request, () => {});
    return answer as Promise<Result>;
  }

  /** Ends it and all that lives in its namespaces; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const late = setTimeout(() => this.kill(), 2000);
    await this.ended;
    clearTimeout(late);
  }

  private kill(): void {
    // The process group: the child itself is unshare(1), which waits for the first process of the namespace.
    if (this.ownSession) process.kill(-this.pid, 'SIGKILL');
    else this.child.kill('SIGKILL');
  }

  private reply(id: number, timeoutMs: number, what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        reject(new Error(`the lab has ended, waited for ${what}: ${this.stderr.trim()}`));
        return;
      }
      const late = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`${timeoutMs / 1000} s were not enough for ${what}`));
      }, timeoutMs);
      this.waiting.set(id, {
        resolve: (result) => {
          clearTimeout(late);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      });
    });
  }

  private fail(reason: string): void {
    const last = this.stderr.trim();
    for (const { reject } of this.waiting.values()) {
      reject(new Error(last === '' ? reason : `${reason}: ${last}`));
    }
    this.waiting.clear();
  }
}
