/** Bytes that packets allocate, by V8's sampling heap profiler. */
import { type HeapProfiler, Session } from 'node:inspector';
import { type Measured, type MeasureOptions, measure, peakRssBytes } from './measure.ts';

/** Bytes between two samples, on average. */
const SAMPLING_INTERVAL = 16_384;

type Sampled = Measured & { readonly allocatedBytes: number };

/**
 * What a run allocates beyond one a quarter as long: what it takes to set a run up does not count. A run before both
 * compiles the code; until then it allocates as interpreters do.
 */
function allocation(options: MeasureOptions): Sampled {
  measure(options);
  const short = sampled({ ...options, seconds: options.seconds / 4 });
  const long = sampled(options);
  return {
    ...long,
    packets: long.packets - short.packets,
    allocatedBytes: long.allocatedBytes - short.allocatedBytes,
  };
}

function sampled(options: MeasureOptions): Sampled {
  const session = new Session();
  session.connect();
  // A session on its own thread has answered when `post` returns.
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_INTERVAL,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType);
  const measured = measure(options);
  let allocatedBytes = Number.NaN;
  session.post('HeapProfiler.stopSampling', (error, { profile }) => {
    if (error !== null) throw error;
    allocatedBytes = bytesBelow(profile.head);
  });
  session.disconnect();
  return { ...measured, allocatedBytes };
}

function bytesBelow({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((bytes, child) => bytes + bytesBelow(child), selfSize);
}

const [profile = 'headline', seconds = '60', seed = '1'] = process.argv.slice(2);
const result = allocation({ profile, seed, seconds: Number(seconds) });
console.log(JSON.stringify({ ...result, maxRssBytes: peakRssBytes() }));
