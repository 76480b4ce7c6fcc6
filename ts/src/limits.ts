/** Bounds on what is read, the same in every language. */

/** The most bytes of a source. */
export const MAX_BYTES = 16 * 2 ** 20;

/** The most blocks inside one another. */
export const MAX_DEPTH = 100;
