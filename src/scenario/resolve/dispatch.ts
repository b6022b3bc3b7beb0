/** `dispatch` of a group, complete. */
import { DEFAULTS } from '../defaults.ts';
import { dispatchPreset, pairProbability, SERIAL } from '../dispatchPresets.ts';
import * as messages from '../messages.ts';
import type { Path } from '../problems.ts';
import type { Dispatch } from '../scenario.ts';
import type { DispatchFile } from '../schema/pods.ts';
import { type Resolving, resolveDistribution, resolveProbability } from './values.ts';

/** Room for the rounding of sums such as 0.3 + 0.6 + 0.1. */
const ROUNDING = 1e-9;

export function resolveDispatch(file: DispatchFile | undefined, at: Path, resolving: Resolving): Dispatch {
  if (file === undefined) return DEFAULTS.dispatch;
  if (typeof file === 'string') return dispatchPreset(file)!.dispatch;
  const queue = file.queueHandOver ?? {};
  const deferred = file.deferredAndMoved ?? {};
  const held = file.heldBeforeConfirm ?? {};
  const dispatch: Dispatch = {
    name: file.name ?? 'custom',
    queueHandOver: {
      busy: resolveProbability(queue.busy, SERIAL.queueHandOver.busy),
      handOver: resolveProbability(queue.handOver, SERIAL.queueHandOver.handOver),
    },
    deferredAndMoved: {
      softirqShare: resolveProbability(deferred.softirqShare, SERIAL.deferredAndMoved.softirqShare),
      moved: resolveProbability(deferred.moved, SERIAL.deferredAndMoved.moved),
      overlap: resolveProbability(deferred.overlap, SERIAL.deferredAndMoved.overlap),
    },
    heldBeforeConfirm: {
      probability: resolveProbability(held.probability, SERIAL.heldBeforeConfirm.probability),
      hold: resolveDistribution(
        held.hold,
        SERIAL.heldBeforeConfirm.hold,
        [...at, 'heldBeforeConfirm', 'hold'],
        resolving,
      ),
    },
    reported: resolveProbability(file.reported, SERIAL.reported),
    independent: file.independent ?? SERIAL.independent,
    gap: resolveDistribution(file.gap, SERIAL.gap, [...at, 'gap'], resolving),
  };
  const sum = pairProbability({ ...dispatch, independent: false });
  if (sum > 1 + ROUNDING) resolving.problems.add(at, messages.dispatchAboveOne(sum));
  return dispatch;
}
