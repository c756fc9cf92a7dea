// The page's WebSocket: a snapshot, then numbered changes; its heartbeat keeps the agent available.

import { batch } from "@preact/signals";
import type { Message } from "./shapes";
import { agent, clockAhead, connected, me, now, pop, queue, staleSince, wall } from "./state";

const BEAT_MS = 3000;
const RETRY_MAX_MS = 10_000;
const SESSION_OVER = 4401;

let socket: WebSocket | null = null;
let retryMs = 500;

export function listen(sessionOver: () => void): void {
  if (socket || !me.value) return;
  const here = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = here;
  let beatAt = 0;
  const beat = () => {
    if (here.readyState !== WebSocket.OPEN || Date.now() - beatAt < BEAT_MS - 500) return;
    beatAt = Date.now();
    here.send('{"type":"beat"}');
  };
  const beating = setInterval(beat, BEAT_MS);
  here.onopen = () => {
    connected.value = true;
    retryMs = 500;
  };
  here.onmessage = (message) => {
    beat(); // browsers slow the timers of a hidden page down to one a minute, but not this
    hear(JSON.parse(message.data as string) as Message);
  };
  here.onclose = (closing) => {
    clearInterval(beating);
    if (socket === here) {
      connected.value = false;
      socket = null;
    }
    if (closing.code === SESSION_OVER) sessionOver();
    else if (me.value) setTimeout(() => listen(sessionOver), retryMs * (0.5 + Math.random() / 2));
    retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
  };
}

export function stopListening(): void {
  socket?.close();
  socket = null;
}

function hear(message: Message): void {
  if (message.type === "ask") return;
  batch(() => {
    staleSince.value = message.type === "stale" ? (message.since ?? null) : null;
    if (message.now !== undefined) {
      clockAhead.value = message.now - Date.now() / 1000;
      now.value = message.now;
    }
    if (message.agent !== undefined) agent.value = message.agent;
    if (message.pop !== undefined) pop.value = message.pop;
    if (message.wall !== undefined) wall.value = message.wall;
    if (message.waiting !== undefined) queue.value = { waiting: message.waiting, oldest: message.oldest ?? null };
  });
}
