import { describe, expect, it } from 'vitest';
import { InvariantError, invariant } from '../../src/engine/invariant.ts';
import { Pool } from '../../src/engine/pool.ts';

describe('a pool', () => {
  it('names its objects by their place and uses them again', () => {
    const pool = new Pool((handle) => ({ handle }));
    const first = pool.acquire();
    const second = pool.acquire();
    expect([first.handle, second.handle]).toEqual([0, 1]);
    expect(pool.inUse).toBe(2);
    pool.release(first);
    expect(pool.inUse).toBe(1);
    expect(pool.acquire()).toBe(first);
    expect(pool.at(1)).toBe(second);
    expect(pool.everything()).toEqual([first, second]);
  });

  it('notices when more comes back than went out', () => {
    const pool = new Pool((handle) => ({ handle }));
    const one = pool.acquire();
    pool.release(one);
    expect(() => pool.release(one)).toThrow(InvariantError);
  });
});

describe('an invariant', () => {
  it('names the rule that was broken', () => {
    expect(() => invariant(false, 'two is two')).toThrow('invariant broken: two is two');
    expect(() => invariant(true, 'two is two')).not.toThrow();
  });
});
