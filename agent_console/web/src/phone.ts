// The agent's telephone as the page shows it: switched on once, then it registers, rings, talks and comes back by itself.

import { batch, computed, effect, signal } from "@preact/signals";
import { ask, attempt } from "./ask";
import type { Account } from "./shapes";
import { Softphone } from "./softphone";
import { closeMicrophone, hush, NoMicrophone, openMicrophone, play, ring, stopRinging, watchLevel } from "./sound";
import { agent, me, said } from "./state";
import { word } from "./words";

/** off: not switched on · testing: microphone test · connecting · registered · lost: comes back by itself · elsewhere:
 *  another page has it. */
export type PhoneStage = "off" | "testing" | "connecting" | "registered" | "lost" | "elsewhere";
export interface Call {
  ref: string;
  stage: "ringing" | "answering" | "up";
  muted: boolean;
  /** He listens to somebody else's talk: the floor knows nothing of it. */
  listening: boolean;
}

const WAS_ON = "sunwai.phone";
const REFUSED_RETRY_MS = 2000;
/** The line says that the agent has no call: so long its last word may be on the way to us. */
const STRAY_MS = 3000;
/** A live microphone is never this still for so long. */
const SILENT_LEVEL = 0.001;
const SILENT_MS = 5000;

export const stage = signal<PhoneStage>("off");
export const call = signal<Call | null>(null);
export const level = signal(0);
export const notHeard = signal(false);
export const needsClick = signal(false);
export const canBeRung = computed(() => stage.value === "registered");

let phone: Softphone | null = null;
let microphone: MediaStream | null = null;
let stopWatching: () => void = () => {};
let remote: MediaStream | null = null;

/** The microphone test of every log-in: the person sees that he is heard, and the browser learns that it may. */
export async function testMicrophone(): Promise<void> {
  await open();
  stage.value = "testing";
}

/** After the test: from now on this page can be rung. */
export async function switchOn(): Promise<void> {
  await open();
  sessionStorage.setItem(WAS_ON, "on");
  stage.value = "connecting";
  await registerSoon();
}

/** Until the server has given an account; the page says meanwhile that it comes back by itself. */
async function registerSoon(): Promise<void> {
  if (await attempt(register)) return;
  if (stage.value === "off" || stage.value === "elsewhere") return;
  stage.value = "lost";
  setTimeout(() => stage.value === "lost" && void registerSoon(), REFUSED_RETRY_MS);
}

/** After a reload: as it was before, without being asked again. */
export function phoneOnAgain(): void {
  if (phone || sessionStorage.getItem(WAS_ON) !== "on") return;
  void attempt(switchOn);
}

export function phoneOff(): void {
  sessionStorage.removeItem(WAS_ON);
  putAway();
  batch(() => {
    stage.value = "off";
    call.value = null;
  });
}

/** This page again: the other one is told so by the server. */
export const takeOver = (): Promise<boolean> => {
  const here = agent.value;
  if (here?.state === "talking" && here.call_ref) sessionStorage.setItem(IN_CALL, here.call_ref); // with its call
  return attempt(switchOn);
};

export function answer(): void {
  const ringing = call.value;
  if (!phone || !microphone || ringing?.stage !== "ringing") return;
  stopRinging();
  call.value = { ...ringing, stage: "answering" };
  for (const track of microphone.getTracks()) track.enabled = true; // muted in the call before
  phone.answer(microphone);
}

export function mute(yes: boolean): void {
  if (!call.value) return;
  phone?.mute(yes);
  call.value = { ...call.value, muted: yes };
}

export const key = (one: string): void => phone?.key(one);

/** The browser wanted a click before it plays the caller. */
export async function hearCaller(): Promise<void> {
  needsClick.value = remote !== null && !(await play(remote));
}

async function open(): Promise<void> {
  if (microphone?.active) return;
  try {
    microphone = await openMicrophone(() => void microphoneGone());
  } catch (error) {
    if (error instanceof NoMicrophone) throw new Error(word("microphone_missing"));
    throw error;
  }
}

/** The headset was pulled out: another microphone takes its place in the call, and the page says so. */
async function microphoneGone(): Promise<void> {
  closeMicrophone(microphone);
  microphone = null;
  if (stage.value === "off" || stage.value === "elsewhere") return;
  said.value = word("microphone_gone");
  try {
    await open();
  } catch {
    navigator.mediaDevices.addEventListener("devicechange", () => microphone ?? void microphoneGone(), { once: true });
    return;
  }
  const [track] = (microphone as MediaStream | null)?.getAudioTracks() ?? [];
  if (!track) return;
  track.enabled = !call.value?.muted;
  await phone?.speakThrough(track);
  stopWatching();
  if (watched.value && microphone) watch(microphone);
  said.value = word("microphone_changed");
}

/** Watches the level; warns when nothing at all comes for some seconds. */
function watch(stream: MediaStream): void {
  let heardAt = performance.now();
  stopWatching = watchLevel(stream, (now) => {
    level.value = now;
    if (now > SILENT_LEVEL || call.peek()?.muted) heardAt = performance.now();
    notHeard.value = performance.now() - heardAt > SILENT_MS;
  });
}

// Only while somebody looks at the level or talks: an open audio context costs a tenth of a core.
const watched = computed(() => stage.value === "testing" || call.value?.stage === "up");
effect(() => {
  stopWatching();
  stopWatching = () => {};
  level.value = 0;
  notHeard.value = false;
  if (watched.value && microphone) watch(microphone);
});

async function register(): Promise<void> {
  const account = await ask<Account>("POST", "/api/agent/phone", { kind: "browser" });
  if (phone?.talks) return; // it comes back by itself, and stopping it would end the talk
  phone?.stop();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const made: Softphone = new Softphone(account, `${scheme}://${location.host}/sip`, {
    registered: (yes) => made === phone && void registered(yes),
    refused: () => void setTimeout(() => made === phone && stage.value === "lost" && void registerSoon(), REFUSED_RETRY_MS),
    takenOver: () => made === phone && elsewhere(),
    ringing: (ref, rejoin) => made === phone && rings(ref, rejoin),
    up: (sound) => made === phone && void isUp(sound),
    ended: () => made === phone && isOver(),
  });
  phone = made;
  phone.start();
}

async function registered(yes: boolean): Promise<void> {
  if (stage.value === "elsewhere" || stage.value === "off") return;
  stage.value = yes ? "registered" : "lost";
  if (yes) await rejoin();
}

/** What this tab is in, for the page after a reload. */
const IN_CALL = "sunwai.call";
let askedAgain = false;
let endedHere = "";
let returnedTo = "";

/** The page was reloaded or frozen in a call: back into it, or first in line for the caller if the line took him back. */
async function rejoin(): Promise<void> {
  const here = agent.value;
  const ref = sessionStorage.getItem(IN_CALL);
  if (askedAgain || call.value || !here || !ref) return;
  const talking = here.state === "talking" && here.call_ref === ref && ref !== endedHere;
  const lost = here.state === "not_answering" && here.reason === "phone_lost";
  if (!talking && !lost) return;
  if (lost && returnedTo === ref) return; // once: a telephone without sound would be rung again and again
  if (lost) returnedTo = ref;
  askedAgain = true;
  await attempt(() => ask("POST", `/api/calls/${ref}/rejoin`, {}));
  setTimeout(() => {
    askedAgain = false;
  }, REFUSED_RETRY_MS);
}

function rings(ref: string, again: boolean): void {
  const listening = again && agent.value?.call_ref !== ref && !["offered", "not_answering"].includes(agent.value?.state ?? "");
  if (!listening) sessionStorage.setItem(IN_CALL, ref);
  call.value = { ref, stage: "ringing", muted: false, listening };
  if (again) answer();
  else ring();
}

async function isUp(sound: MediaStream): Promise<void> {
  remote = sound;
  if (call.value) call.value = { ...call.value, stage: "up" };
  needsClick.value = !(await play(sound));
}

function isOver(): void {
  endedHere = call.value?.ref ?? endedHere; // the floor's word of it is still on the way
  stopRinging();
  hush();
  remote = null;
  batch(() => {
    call.value = null;
    needsClick.value = false;
  });
}

function elsewhere(): void {
  sessionStorage.removeItem(WAS_ON); // a reload must not take it back unasked
  putAway();
  batch(() => {
    stage.value = "elsewhere";
    call.value = null;
  });
}

function putAway(): void {
  stopRinging();
  hush();
  stopWatching();
  stopWatching = () => {};
  phone?.stop();
  phone = null;
  closeMicrophone(microphone);
  microphone = null;
}

// The page's own socket says that the call is over, and the telephone was not told: its BYE went to a lost socket.
let stray: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const offTheFloor = agent.value !== null && !["offered", "talking"].includes(agent.value.state);
  const over = call.value !== null && !call.value.listening && offTheFloor;
  clearTimeout(stray);
  if (!over) return;
  stray = setTimeout(() => {
    phone?.forget();
    isOver();
  }, STRAY_MS);
});

// The snapshot may come after the telephone has registered; and the floor says later than the telephone how a call ended.
effect(() => {
  const here = agent.value;
  if (!here) return;
  const lost = here.state === "not_answering" && here.reason === "phone_lost";
  if (here.state === "talking" || lost) {
    if (stage.value === "registered" && !call.value) void rejoin();
  } else if (here.state !== "offered") sessionStorage.removeItem(IN_CALL);
});

effect(() => {
  if (me.value === null) said.value = "";
});
