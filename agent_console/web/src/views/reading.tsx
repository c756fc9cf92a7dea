import { word } from "../words";

/** While an answer is on its way; when it did not come, the page has said why, and it can be asked for again. */
export function Reading({ failed, again }: { failed: boolean; again: () => void }) {
  if (failed) return <button type="button" onClick={again}>{word("refresh")}</button>;
  return <p role="status">{word("reading")}</p>;
}
