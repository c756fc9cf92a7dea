import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { change, draft, sent } from "../draft";
import type { Agent } from "../shapes";
import { agent, choices } from "../state";
import { word } from "../words";
import { NoteField } from "./note_field";

/** What the call was about: required before the agent is ready again. */
export function Disposition() {
  const here = agent.value;
  const [busy, setBusy] = useState(false);
  if (!here || !["talking", "wrap_up"].includes(here.state) || !here.call_ref) return null;
  const { disposition, disposition_note } = draft.value;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => {
      const body = { disposition, note: disposition_note };
      agent.value = await ask<Agent>("POST", `/api/calls/${here.call_ref}/disposition`, body);
      sent("disposition");
    });
    setBusy(false);
  };
  return (
    <form class="card" onSubmit={submit} aria-labelledby="disposition-title">
      <h2 id="disposition-title">{word("disposition")}</h2>
      <label>
        <span>{word("disposition_required")}</span>
        <select required value={disposition} onChange={(event) => change({ disposition: event.currentTarget.value })}>
          <option value="">{word("choose")}</option>
          {choices.value?.dispositions.map((one) => (
            <option key={one} value={one}>{word(`disposition.${one}`)}</option>
          ))}
        </select>
      </label>
      <NoteField name={word("note")} rows={2} value={disposition_note} typed={(value) => change({ disposition_note: value })} />
      <button class="main" disabled={busy}>{word("save")} <kbd>Ctrl</kbd>+<kbd>Enter</kbd></button>
    </form>
  );
}
