/** What a worker thread does with a job. */
import type { RunResult } from '../simulation/result.ts';
import { simulate } from '../simulation/simulate.ts';
import type { Job } from './runner.ts';

export default function run(job: Job): RunResult {
  return simulate(job.scenario, job);
}
