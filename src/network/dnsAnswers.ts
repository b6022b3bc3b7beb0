/** Answer codes of the DNS. NODATA is NOERROR with an empty answer section. */
export const NOERROR = 0;
export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const NODATA = 4;
export const REFUSED = 5;
/** The answer did not fit: ask again over TCP. */
export const TRUNCATED = 6;

export type AnswerCode =
  | typeof NOERROR
  | typeof SERVFAIL
  | typeof NXDOMAIN
  | typeof NODATA
  | typeof REFUSED
  | typeof TRUNCATED;
