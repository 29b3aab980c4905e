import { v7 } from 'uuid';

/** @returns a new UUID of version 7: it sorts by the time it was made. */
export const newId = (): string => v7();
