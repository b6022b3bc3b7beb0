/** The part of jstat, which has no types, that serves as an oracle. */
declare module 'jstat' {
  interface Distribution {
    cdf(x: number, ...parameters: number[]): number;
    inv(p: number, ...parameters: number[]): number;
  }
  const jStat: {
    beta: Distribution;
    studentt: Distribution;
    normal: Distribution;
    gammaln(x: number): number;
  };
  export default jStat;
}
