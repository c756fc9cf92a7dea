import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { change, draft, sent } from "../draft";
import type { Docket } from "../shapes";
import { choices, pop } from "../state";
import { language, moment, word } from "../words";
import { areaName, categoryName } from "./names";
import { NoteField } from "./note_field";

// Outside https browsers have no randomUUID.
const newRequestId = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(".", "-");
let requestId = newRequestId();

/** Prefilled from what the caller's keys said; what is typed is kept at every letter (`draft.ts`). */
export function DocketForm() {
  const [done, setDone] = useState("");
  const [busy, setBusy] = useState(false);
  const { category, consumer_number, unit, note } = draft.value;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setDone("");
    await attempt(async () => setDone(await register()));
    setBusy(false);
  };
  return (
    <form class="card docket" onSubmit={submit} aria-labelledby="docket-title">
      <h2 id="docket-title">{word("new_docket")}</h2>
      <label>
        <span>{word("category")}</span>
        <select required value={category} onChange={(event) => change({ category: event.currentTarget.value })}>
          <option value="">{word("choose")}</option>
          {choices.value?.categories.map((one) => (
            <option key={one.code} value={one.code}>{categoryName(one.code)}</option>
          ))}
        </select>
      </label>
      <label>
        <span>{word("consumer_number")}</span>
        <input
          inputMode="numeric"
          pattern="[0-9]{10}"
          maxLength={10}
          list="consumers"
          dir="ltr"
          value={consumer_number}
          onInput={(event) => change({ consumer_number: event.currentTarget.value })}
        />
      </label>
      <datalist id="consumers">
        {pop.value?.consumers.map((one) => <option key={one.number} value={one.number}>{areaName(one.area)}</option>)}
      </datalist>
      <label>
        <span>{word("area")}</span>
        <select value={unit} onChange={(event) => change({ unit: event.currentTarget.value })}>
          <option value="">{word("choose")}</option>
          {choices.value?.units
            .filter((one) => one.kind === "subdivision")
            .map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select>
      </label>
      <NoteField name={word("note")} rows={3} value={note} typed={(value) => change({ note: value })} />
      <button class="main" disabled={busy} aria-keyshortcuts="Shift+F2">
        {word("register")} <kbd>⇧F2</kbd>
      </button>
      <p role="status">{done}</p>
    </form>
  );
}

async function register(): Promise<string> {
  const { category, consumer_number, unit, note } = draft.value;
  const place = consumer_number ? { consumer_number } : unit ? { unit } : {};
  const cause = pop.value ? { call_ref: pop.value.call_ref } : { request_id: requestId };
  const body = { category, language: pop.value?.language ?? language.value, note, ...place, ...cause };
  const docket = await ask<Docket>("POST", "/api/dockets", body);
  requestId = newRequestId();
  sent("docket");
  return `✓ ${word("registered", { number: docket.number, due: moment(docket.due_at) })}`;
}
