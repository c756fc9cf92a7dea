// What an administrator has typed into an edition and not kept yet: it survives a reload and a look at another view.

import { signal } from "@preact/signals";
import { DRAFTS } from "./draft";

/** What is to be said otherwise than in the edition `base`: language → prompt → words, flow → whole text. */
export interface EditionDraft {
  base: number;
  prompts: Record<string, Record<string, string>>;
  flows: Record<string, string>;
}

const keyOf = (base: number): string => `${DRAFTS}edition.${base}`;
const empty = (base: number): EditionDraft => ({ base, prompts: {}, flows: {} });

export const typed = signal<EditionDraft>(empty(0));

/** Take up what was typed for this edition before. */
export function takeUp(base: number): void {
  try {
    const found = JSON.parse(sessionStorage.getItem(keyOf(base)) ?? "null") as EditionDraft | null;
    typed.value = found ?? empty(base);
  } catch {
    typed.value = empty(base);
  }
}

export function typePrompt(language: string, key: string, words: string): void {
  const { prompts } = typed.value;
  keep({ ...typed.value, prompts: { ...prompts, [language]: { ...prompts[language], [key]: words } } });
}

/** A prompt that was added just now is taken out again. */
export function forgetPrompt(key: string): void {
  const without = (words: Record<string, string>) => Object.fromEntries(Object.entries(words).filter(([name]) => name !== key));
  const prompts = Object.fromEntries(Object.entries(typed.value.prompts).map(([language, words]) => [language, without(words)]));
  keep({ ...typed.value, prompts });
}

export function typeFlow(name: string, text: string): void {
  keep({ ...typed.value, flows: { ...typed.value.flows, [name]: text } });
}

/** It has been kept as an edition, or is given up. */
export function throwAway(): void {
  const { base } = typed.value;
  sessionStorage.removeItem(keyOf(base));
  typed.value = empty(base);
}

function keep(draft: EditionDraft): void {
  typed.value = draft;
  sessionStorage.setItem(keyOf(draft.base), JSON.stringify(draft));
}
