/**
 * Requests from the lab to its processes and their answers, over Node's IPC channel. Each process answers one
 * request after the other; the supervisor, which lives in the node's namespace, hands on what is meant for
 * another.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';

export interface Request {
  readonly id: number;
  /** Which process it is for; the supervisor's own are `node`. */
  readonly to: string;
  readonly name: string;
  readonly argument: unknown;
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

/** What every process of the lab can be asked. */
export interface Execution {
  readonly file: string;
  readonly args: readonly string[];
  readonly input: string;
}

const EVERYWHERE: Handlers = {
  execute: (execution: Execution) => execute(execution),
  write: (settings: readonly (readonly [path: string, value: string])[]) => {
    for (const [path, value] of settings) write(`/proc/sys/${path}`, value);
  },
};

/** Answers requests until whoever asks is gone; then ends the process, whatever it is doing. */
export function serve(answer: (request: Request) => unknown): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (request: Request) => {
    const { id } = request;
    let reply: Reply;
    try {
      reply = { id, result: await answer(request) };
    } catch (error) {
      reply = { id, error: error instanceof Error ? error.message : String(error) };
    }
    if (process.connected) process.send?.(reply);
  });
  process.send?.({ id: 0, result: null } satisfies Reply);
}

/** Each name has a function of the argument. */
export function handlersOf(handlers: Handlers): (request: Request) => unknown {
  const all: Handlers = { ...EVERYWHERE, ...handlers };
  return ({ name, argument }) => {
    const handler = all[name];
    if (handler === undefined) throw new Error(`no request is called ${name}`);
    return handler(argument as never);
  };
}

/** Standard output of a program; throws what it said on standard error. */
export function execute({ file, args, input }: Execution): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function write(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
