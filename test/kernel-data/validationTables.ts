/**
 * What `docs/validation.md` says of real kernels: their recordings beside the same experiments in the model.
 */
import type { ValidationTable } from '../validation/table.ts';
import { labExhaustionTable, labTableFullTable } from './lab618Exhaustion.ts';
import { labLifetimeTable } from './lab618Lifetimes.ts';
import { labOneThreadTable } from './lab618OneThread.ts';
import { labPortTable } from './lab618Ports.ts';
import { labAnswerTable, labSameSocketTable } from './lab618SameSocket.ts';
import { labSpeedTable } from './lab618Speed.ts';
import { labPortRaceTable, labSynTable } from './lab618TwoPods.ts';
import { labCurveTable, labWindowTable } from './lab618Windows.ts';
import { oldExhaustionTable } from './oldExhaustion.ts';
import { oldReplyTable } from './oldReplies.ts';
import { oldSameSocketTable } from './oldSameSocket.ts';
import { oldPortRaceTable, oldSynTable } from './oldTwoFlows.ts';
import { portPickTable } from './portPicks.ts';
import { singleThreadTable } from './singleThread.ts';

/** Deterministic; takes half a minute. */
export function kernelTables(): ValidationTable[] {
  return [
    labSameSocketTable(),
    labAnswerTable(),
    labWindowTable(),
    labCurveTable(),
    labPortRaceTable(),
    labPortTable(),
    labSynTable(),
    labExhaustionTable(),
    labTableFullTable(),
    labOneThreadTable(),
    labSpeedTable(),
    labLifetimeTable(),
    oldSameSocketTable(),
    oldPortRaceTable(),
    oldSynTable(),
    portPickTable(),
    oldExhaustionTable(),
    oldReplyTable(),
    singleThreadTable(),
  ];
}
