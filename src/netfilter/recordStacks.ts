/**
 * Many stacks of numbers in one array, in chunks of 64 words that they take from each other: 4.06 bytes a number, and
 * at most a chunk per stack in vain. Nothing is allocated but when the array grows.
 */
import { NONE } from './entry.ts';

/** Words of a chunk, a power of two: where the chunk below ends, then the numbers. */
const CHUNK = 64;
const LAST = CHUNK - 1;
const INITIAL_CHUNKS = 2;
/** What a larger array has more costs nothing until it is used; copying the smaller one does. */
const GROWTH = 4;

export class RecordStacks {
  /** Where each stack's last number stands; NONE (whose low bits are those of LAST) for an empty one. */
  private readonly tops: Int32Array;
  private words = new Int32Array(INITIAL_CHUNKS * CHUNK);
  /** Chunks that no stack has taken yet begin here; those given back are linked by their first words. */
  private untouched = 0;
  private freeChunk: number = NONE;

  constructor(stacks: number) {
    this.tops = new Int32Array(stacks).fill(NONE);
  }

  /** Of empty stacks: room for so many numbers at once. */
  reserve(numbers: number): void {
    const chunks = Math.ceil(numbers / LAST) + this.tops.length;
    this.words = new Int32Array(Math.max(chunks, INITIAL_CHUNKS) * CHUNK);
  }

  isEmpty(stack: number): boolean {
    return this.tops[stack] === NONE;
  }

  push(stack: number, value: number): void {
    let top = this.tops[stack];
    if ((top & LAST) === LAST) {
      const chunk = this.takeChunk();
      this.words[chunk] = top;
      top = chunk;
    }
    this.words[++top] = value;
    this.tops[stack] = top;
  }

  /** Removes and returns the last number pushed; the stack must not be empty. */
  pop(stack: number): number {
    const { words } = this;
    const top = this.tops[stack];
    const value = words[top];
    if ((top & LAST) === 1) {
      const chunk = top - 1;
      this.tops[stack] = words[chunk];
      words[chunk] = this.freeChunk;
      this.freeChunk = chunk;
    } else {
      this.tops[stack] = top - 1;
    }
    return value;
  }

  private takeChunk(): number {
    const chunk = this.freeChunk;
    if (chunk !== NONE) {
      this.freeChunk = this.words[chunk];
      return chunk;
    }
    if (this.untouched === this.words.length) {
      const larger = new Int32Array(this.words.length * GROWTH);
      larger.set(this.words);
      this.words = larger;
    }
    this.untouched += CHUNK;
    return this.untouched - CHUNK;
  }
}
