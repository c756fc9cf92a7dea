// Asking the server: one place for the CSRF word, for sentences that went wrong and for a session that is over.

import { me, said } from "./state";
import { language, word } from "./words";

/** A sentence for the person at the page; `status` is 0 when the server did not answer at all, `field` what it is about. */
export class Refusal extends Error {
  constructor(
    sentence: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(sentence);
  }
}

let sessionOver: () => void = () => {};
export function onSessionOver(deed: () => void): void {
  sessionOver = deed;
}

/** Deeds under way: the same one sent again, by a second press or a held key, is the one that is under way. */
const underWay = new Map<string, Promise<unknown>>();

export function ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  if (method === "GET") return asked<T>(method, path, body);
  const deed = `${path} ${JSON.stringify(body)}`;
  const before = underWay.get(deed);
  if (before) return before as Promise<T>;
  const sent = asked<T>(method, path, body).finally(() => underWay.delete(deed));
  underWay.set(deed, sent);
  return sent;
}

async function asked<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-Sunwai-CSRF": me.value?.csrf ?? "", "Accept-Language": language.value };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch {
    throw new Refusal(word("no_answer"), 0);
  }
  const told: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return told as T;
  if (answer.status === 401 && me.value) sessionOver();
  const { error, field } = told as { error?: string; field?: string | null };
  throw new Refusal(error ?? word("no_answer"), answer.status, field ?? null);
}

/** Runs a deed; what it throws is shown, what was typed stays. True when it was done. */
export async function attempt(deed: () => Promise<unknown>): Promise<boolean> {
  said.value = "";
  try {
    await deed();
    return true;
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
    return false;
  }
}
