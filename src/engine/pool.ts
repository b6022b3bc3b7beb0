/**
 * Objects that are used again instead of being thrown away: the hot path acquires and releases, and the
 * garbage collector has nothing to do. An object's handle is its index, so events can name it by a number.
 */
import { invariant } from './invariant.ts';

export interface Pooled {
  readonly handle: number;
}

export class Pool<T extends Pooled> {
  private readonly make: (handle: number) => T;
  private readonly all: T[] = [];
  private readonly free: T[] = [];

  constructor(make: (handle: number) => T) {
    this.make = make;
  }

  /** Objects in use. */
  get inUse(): number {
    return this.all.length - this.free.length;
  }

  /** An object in whatever state its last user left it. */
  acquire(): T {
    const recycled = this.free.pop();
    if (recycled !== undefined) return recycled;
    const made = this.make(this.all.length);
    this.all.push(made);
    return made;
  }

  /** The caller must not touch the object again. */
  release(object: T): void {
    this.free.push(object);
    invariant(this.free.length <= this.all.length, 'an object is released once');
  }

  at(handle: number): T {
    return this.all[handle] as T;
  }

  /** Every object ever made, in use or not. */
  everything(): readonly T[] {
    return this.all;
  }
}
