// What was typed for a call survives a reload and a lost connection: kept in this tab alone, until it is sent.

import { effect, signal } from "@preact/signals";
import type { Pop } from "./shapes";
import { choices, me, pop } from "./state";

export interface Draft {
  category: string;
  consumer_number: string;
  unit: string;
  note: string;
  disposition: string;
  disposition_note: string;
}

const EMPTY: Draft = { category: "", consumer_number: "", unit: "", note: "", disposition: "", disposition_note: "" };
/** What every key of this tab begins with under which something typed is kept. */
export const DRAFTS = "sunwai.draft.";
const NO_CALL = "none";

let call = NO_CALL;
export const draft = signal<Draft>({ ...EMPTY });

/** Prefilled from the caller's own keys (ivr/screen_pop.py), where they say something the form offers. */
export function prefilled(shown: Pop, categories: readonly string[]): Draft {
  const chosen = shown.consumers.find((one) => one.chosen) ?? (shown.consumers.length === 1 ? shown.consumers[0] : null);
  return {
    ...EMPTY,
    category: categories.includes(shown.category) ? shown.category : "",
    consumer_number: chosen?.number ?? "",
    unit: chosen?.area ?? "",
  };
}

export function change(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
  sessionStorage.setItem(DRAFTS + call, JSON.stringify(draft.value));
}

/** It has been sent: the docket's part is done with, the disposition's is not, or the other way round. */
export function sent(part: "docket" | "disposition"): void {
  const { disposition, disposition_note, ...rest } = draft.value;
  const kept = part === "docket" ? { ...EMPTY, disposition, disposition_note } : { ...EMPTY, ...rest };
  change(kept);
  if (Object.values(kept).every((text) => text === "")) sessionStorage.removeItem(DRAFTS + call);
}

export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFTS)) sessionStorage.removeItem(key);
  draft.value = { ...EMPTY };
}

function kept(ref: string): Draft | null {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(DRAFTS + ref) ?? "null");
    return found ? { ...EMPTY, ...(found as Partial<Draft>) } : null;
  } catch {
    return null;
  }
}

// A new call brings its own form; the same call again changes nothing the agent has typed.
effect(() => {
  if (!me.value || !choices.value) return;
  const ref = pop.value?.call_ref ?? NO_CALL;
  const isNew = ref !== call;
  call = ref;
  if (!isNew && ref !== NO_CALL) return;
  const codes = choices.value.categories.map((one) => one.code);
  draft.value = kept(ref) ?? (pop.value ? prefilled(pop.value, codes) : { ...EMPTY });
});
