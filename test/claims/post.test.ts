/**
 * What the 2019 post claims, held to the simulation; and that each check can fail. False alarms: a comparison of
 * rates calls equal rates different with a probability of 0.1 % at most (seeds are fixed).
 */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/claims/assertClaim.ts';
import { claim } from '../../src/claims/claim.ts';
import { claimsDocument, type PostReports } from './claimsDocument.ts';
import { expectDoc } from './docs.ts';
import { POST } from './postClaims.ts';

const reports: PostReports = new Map();

describe.each(POST.map((each) => [each.number, each] as const))(
  'claim %i of the post',
  (_, { properties }) => {
    it.each(properties.map((each) => [each.name, each.expected, each] as const))(
      '%s: %s',
      (_, expected, each) => {
        const report = claim(each).check();
        reports.set(each, report);
        expect(report.verdict, explain(report)).toBe(expected);
      },
    );

    it.each(properties.map((each) => [each.name, each.control[0], each] as const))(
      '%s: comes out the other way for %s',
      (_, what, each) => {
        const report = claim({ ...each, ...each.control[1], name: what }).check();
        expect(report.verdict, explain(report)).toBe(each.expected === 'holds' ? 'refuted' : 'holds');
      },
    );
  },
);

describe('docs/claims.md', () => {
  it('says what these checks found', () => {
    expectDoc('claims.md', claimsDocument(reports));
  });
});
