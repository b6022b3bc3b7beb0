/** Of this package; results carry it. */
export const VERSION = '0.1.0';
