/** So long a call is on its way to where it then waits, in ms. */
const LATER_MS = 20;

/**
 * Does a moment later what a call brings about and doesn't wait for, such as renewing what it was answered from: done at
 * once, it would take the processor from that same call. A process that ends doesn't wait for it either.
 * @param work must not throw
 */
export function aside(work: () => void): void {
  setTimeout(work, LATER_MS).unref();
}
