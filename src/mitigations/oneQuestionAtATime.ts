/** The scope that `single-request` and `no-aaaa` share: pairs are no longer sent, and each name keeps its one flow. */
import { heeds, masqueradesDns, sendersOfPairs } from './conditions.ts';
import { depends, LEAVES_ALONE, type Mitigation, when } from './mitigation.ts';
import { wherePairsHeed } from './resolverOption.ts';

/** `text`: which libraries heed the word. */
export function oneQuestionAtATime(word: string, text: string): Mitigation['scope'] {
  return {
    sameSocket: wherePairsHeed(word, text, 'reduces', 'removes'),
    sameSocketOtherBackend: wherePairsHeed(word, text, 'reduces', 'removes'),
    portRaceUdp: { ...LEAVES_ALONE, text: 'one flow per name, as before' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'a pair is two packets to be refused',
      [
        when(
          'masqueraded pairs of a library that heeds the word',
          (scenario) =>
            sendersOfPairs(scenario).some((group) => masqueradesDns(scenario, group) && heeds(group, word)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'a pair is two packets to be refused, and up to 5.15 its second answer makes an entry that early drop spares',
      [
        when(
          'pairs of a library that heeds the word',
          (scenario) => sendersOfPairs(scenario).some((group) => heeds(group, word)),
          'reduces',
        ),
      ],
      'leaves alone',
    ),
  };
}
