export type InputErrorCode =
  | 'usage'
  | 'unreadable'
  | 'not-pcap'
  | 'pcapng'
  | 'pcap-version'
  | 'link-type'
  | 'cut-off'
  | 'bad-record'
  | 'time-span'
  | 'resolv-conf'
  | 'no-lookups'
  | 'too-many-lookups';

/** What is wrong with a file that somebody handed in. Text is made from it at the edge, by `describeInputError`. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;
  /** Where: a file, a packet, a line. */
  readonly place: string;
  /** What to do about it. */
  readonly fix: string;

  constructor(code: InputErrorCode, place: string, problem: string, fix: string) {
    super(problem);
    this.code = code;
    this.place = place;
    this.fix = fix;
  }
}

export function describeInputError(error: InputError): string {
  return `${error.code}: ${error.place}: ${error.message}\n  ${error.fix}`;
}
