import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { useKept } from "../kept";
import type { Docket, PopDocket } from "../shapes";
import { agent, pop } from "../state";
import { moment, word } from "../words";
import { categoryName } from "./names";
import { NoteField } from "./note_field";

const done = (): boolean => agent.value?.state !== "talking";

/** The caller presses his docket: one level up, or opened again if it was said to be done. Once per call. */
export const expedite = (docket: PopDocket): Promise<boolean> =>
  attempt(async () => {
    const changed = await ask<Docket>("POST", `/api/dockets/${docket.number}/press`, { call_ref: pop.value?.call_ref });
    replace(changed);
  });

/** What the agent sees is the docket as it is now, not as it was when the call rang. */
function replace(changed: Docket): void {
  const shown = pop.value;
  if (!shown) return;
  const open_dockets = shown.open_dockets.map((one) => (one.number === changed.number ? { ...one, ...changed } : one));
  pop.value = { ...shown, open_dockets };
}

/** One open docket of the caller, with what can be done about it instead of a new one. */
export function OpenDocket({ docket, first }: { docket: PopDocket; first: boolean }) {
  const [note, setNote] = useKept(`note.${pop.value?.call_ref}.${docket.number}`, "");
  const [adding, setAdding] = useState(note !== "");
  return (
    <div class="open-docket">
      <bdi>
        {[docket.number, categoryName(docket.category), word(`docket.${docket.state}`), word("due", { time: moment(docket.due_at) })].join(
          " · ",
        )}
      </bdi>
      <div class="bar">
        <button type="button" disabled={done()} aria-keyshortcuts={first ? "Shift+F4" : undefined} onClick={() => expedite(docket)}>
          {word("expedite")} {first && <kbd>⇧F4</kbd>}
        </button>
        <button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>{word("add_to_it")}</button>
      </div>
      {adding && <AddNote docket={docket} note={note} typed={setNote} sent={() => setAdding(false)} />}
    </div>
  );
}

interface NoteProps {
  docket: PopDocket;
  note: string;
  typed: (note: string) => void;
  sent: () => void;
}

function AddNote({ docket, note, typed, sent }: NoteProps) {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(await attempt(() => ask("POST", `/api/dockets/${docket.number}/note`, { note })))) return;
    typed("");
    sent();
  };
  return (
    <form onSubmit={submit}>
      <NoteField name={word("note_for", { number: docket.number })} rows={2} value={note} typed={typed} required />
      <button class="main">{word("add")}</button>
    </form>
  );
}
