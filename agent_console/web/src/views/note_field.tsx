import { useEffect, useRef } from "preact/hooks";
import { word } from "../words";

/** agent_console/bodies.py: Note */
const LONGEST = 4000;

/** Free words. What is too long is told and not cut: whoever pasted it decides what may go. */
export function NoteField(given: { name: string; value: string; rows: number; typed: (value: string) => void; required?: boolean }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const over = given.value.length - LONGEST;
  const wrong = over > 0 ? word("too_long", { most: LONGEST, over }) : "";
  useEffect(() => field.current?.setCustomValidity(wrong), [wrong]);
  return (
    <label>
      <span>{given.name}</span>
      <textarea
        ref={field}
        rows={given.rows}
        dir="auto"
        required={given.required}
        aria-invalid={wrong !== ""}
        value={given.value}
        onInput={(event) => given.typed(event.currentTarget.value)}
      />
      {wrong && <span class="late" role="alert">{wrong}</span>}
    </label>
  );
}
