// Who is logged in is asked of the server, which alone knows.

import { batch } from "@preact/signals";
import { go } from "./address";
import { ask, onSessionOver } from "./ask";
import { forgetDrafts } from "./draft";
import { phoneOff, phoneOnAgain } from "./phone";
import type { Choices, Docket, Me } from "./shapes";
import { agent, choices, dockets, me, pop, queue, said, wall } from "./state";
import { listen, stopListening } from "./wire";
import { word, zone } from "./words";

const AGAIN_MS = 2000;
const TYPED_BY = "sunwai.typed_by";

export async function begin(): Promise<void> {
  const answer = await fetch("/api/me").catch(() => null);
  if (answer?.status === 401) {
    const ended = Boolean(me.value);
    leave();
    if (ended) said.value = word("session_over"); // after leaving, which forgets what was said before
    return;
  }
  try {
    if (answer?.ok && me.value && (await answer.clone().json()).name !== me.value.name) leave(); // another tab's log-in
    if (!answer?.ok) throw new Error(word("no_answer"));
    me.value = (await answer.json()) as Me;
    await enter();
  } catch (error) {
    // The session is as good as before: only the server, its books or the way to it are away for a moment.
    said.value = error instanceof Error ? error.message : word("no_answer");
    setTimeout(() => void begin(), AGAIN_MS);
  }
}

export async function logIn(name: string, password: string, code: string | null): Promise<void> {
  me.value = await ask<Me>("POST", "/api/login", { name, password, code });
  await enter();
}

export async function logOut(): Promise<void> {
  await ask("POST", "/api/logout", {});
  leave();
  forgetDrafts();
  go(""); // what he looked at is not the next person's
}

async function enter(): Promise<void> {
  zone.value = me.value?.timezone;
  if (sessionStorage.getItem(TYPED_BY) !== me.value?.name) forgetDrafts(); // somebody else sits here now; who was only logged out by time finds what he typed
  sessionStorage.setItem(TYPED_BY, me.value?.name ?? "");
  choices.value = await ask<Choices>("GET", "/api/choices");
  if (me.value?.officer) await readDockets();
  listen(() => void begin());
  said.value = "";
  if (me.value?.deeds.includes("have_telephone")) phoneOnAgain();
}

function leave(): void {
  batch(() => {
    me.value = agent.value = pop.value = wall.value = choices.value = null;
    dockets.value = [];
    queue.value = { waiting: 0, oldest: null };
  });
  stopListening();
  phoneOff();
}

export async function readDockets(): Promise<void> {
  const page = await ask<{ dockets: Docket[] }>("GET", "/api/dockets?owner=me&limit=100");
  dockets.value = page.dockets;
}

onSessionOver(() => void begin());
