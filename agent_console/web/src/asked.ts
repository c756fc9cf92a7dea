// What a view asks of the server when it is opened, and again when its address changes.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask";
import { said } from "./state";

/** `found` is null until the answer to this very question is there; `failed`: it will not come, and the page says why. */
export function useAsked<T>(path: string | null): { found: T | null; failed: boolean; again: () => void } {
  const [answer, setAnswer] = useState<{ path: string; found: T | null } | null>(null);
  const latest = useRef(0);
  const read = useCallback(() => {
    latest.current += 1;
    const mine = latest.current;
    if (path === null) return;
    ask<T>("GET", path).then(
      (found) => mine === latest.current && setAnswer({ path, found }),
      (error: Error) => {
        if (mine !== latest.current) return;
        said.value = error.message;
        setAnswer((before) => (before?.path === path ? before : { path, found: null }));
      },
    );
  }, [path]);
  useEffect(() => {
    read();
    return () => {
      latest.current += 1; // whoever has gone elsewhere is not told of it any more
    };
  }, [read]);
  const here = answer !== null && answer.path === path ? answer : null;
  return { found: here?.found ?? null, failed: here !== null && here.found === null, again: read };
}

/** `path` with what is not empty of `filters` as its query. */
export function asking(path: string, filters: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ""));
  return query.size ? `${path}?${query}` : path;
}
