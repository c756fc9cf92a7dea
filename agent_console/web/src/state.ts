// What the page knows. Only `wire.ts`, `session.ts` and the telephone write here; views read.

import { signal } from "@preact/signals";
import type { Agent, Choices, Docket, Me, Pop, Wall } from "./shapes";

/** undefined: not yet asked; null: nobody is logged in. */
export const me = signal<Me | null | undefined>(undefined);
export const choices = signal<Choices | null>(null);
export const agent = signal<Agent | null>(null);
export const pop = signal<Pop | null>(null);
export const queue = signal<{ waiting: number; oldest: number | null }>({ waiting: 0, oldest: null });
/** The wallboard, for those who may see it. */
export const wall = signal<Wall | null>(null);
export const dockets = signal<Docket[]>([]);

/** The feed: is the socket open, and since when (epoch seconds) does the server's own feed stand still. */
export const connected = signal(false);
export const staleSince = signal<number | null>(null);

/** A sentence that went wrong, until the next deed. */
export const said = signal("");

/** The server's clock minus ours, in seconds. */
export const clockAhead = signal(0);

/** Epoch seconds by the server's clock, told anew each second. */
export const now = signal(Date.now() / 1000);
setInterval(() => {
  now.value = Date.now() / 1000 + clockAhead.value;
}, 1000);
