// Where on the page somebody is: in the address, so that a filter can be kept, sent to a colleague and gone back to.

import { computed, signal } from "@preact/signals";

/** `#/dockets?state=open&owner=J09`: a view, and the filters it is shown with. */
export interface Place {
  view: string;
  filters: Record<string, string>;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const place = computed((): Place => {
  const [view = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?");
  return { view, filters: Object.fromEntries(new URLSearchParams(query)) };
});

/** The address of a view; filters that are empty are left out. */
export function addressOf(view: string, filters: Record<string, string> = {}): string {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ""));
  return query.size ? `#/${view}?${query}` : `#/${view}`;
}

export function go(view: string, filters: Record<string, string> = {}): void {
  location.hash = addressOf(view, filters);
}
