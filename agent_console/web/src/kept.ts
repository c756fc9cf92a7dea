// What is typed into a form and not sent yet: a ringing call, a look at another view or a reload loses none of it.

import { useState } from "preact/hooks";
import { DRAFTS } from "./draft";

/**
 * As `useState`, and kept in this tab until it is `empty` again or its writer logs out. `name` says what it is about
 * (`contest.n1-…`), once on a page. Never for secrets.
 */
export function useKept<T>(name: string, empty: T): [T, (typed: T) => void] {
  const key = `${DRAFTS}typed.${name}`;
  const [typed, setTyped] = useState<T>(() => found(key) ?? empty);
  const keep = (next: T) => {
    setTyped(next);
    if (JSON.stringify(next) === JSON.stringify(empty)) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(next));
  };
  return [typed, keep];
}

function found<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}
