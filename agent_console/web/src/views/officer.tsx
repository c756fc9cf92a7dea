import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { readDockets } from "../session";
import type { Docket } from "../shapes";
import { choices, dockets, now } from "../state";
import { moment, word } from "../words";
import { categoryName } from "./names";

const WORKED_ON = ["assigned", "accepted", "on_site", "waiting", "reopened", "linked_to_outage"];

/** An officer's own dockets: "work done" is a claim, never a closing. */
export function OfficerDesk() {
  return (
    <section class="card" aria-labelledby="officer-title">
      <h1 id="officer-title">{word("my_dockets")}</h1>
      <p>{word("claim_help")}</p>
      {dockets.value.length ? <Table /> : <p>{word("no_dockets")}</p>}
      <button type="button" onClick={() => attempt(readDockets)}>{word("refresh")}</button>
    </section>
  );
}

function Table() {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="officer-title">
      <table>
        <thead>
          <tr>
            {["number", "category", "status", "due_by", "work_done"].map((name) => (
              <th key={name} scope="col">{word(name)}</th>
            ))}
          </tr>
        </thead>
        <tbody>{dockets.value.map((one) => <Row key={one.number} docket={one} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ docket }: { docket: Docket }) {
  const late = new Date(docket.due_at).getTime() / 1000 < now.value;
  return (
    <tr>
      <td><bdi>{docket.number}</bdi></td>
      <td>{categoryName(docket.category)}</td>
      <td>{word(`docket.${docket.state}`)}</td>
      <td class={late ? "late" : undefined}>{moment(docket.due_at)}</td>
      <td>{WORKED_ON.includes(docket.state) && <Claim docket={docket} />}</td>
    </tr>
  );
}

function Claim({ docket }: { docket: Docket }) {
  const [cause, setCause] = useState("");
  const claim = () =>
    attempt(async () => {
      if (!cause) throw new Error(word("cause_needed"));
      await ask("POST", `/api/dockets/${docket.number}/claim`, { cause_code: cause, version: docket.version });
      await readDockets();
    });
  return (
    <>
      <select
        aria-label={`${word("cause")} ${docket.number}`}
        value={cause}
        onChange={(event) => setCause(event.currentTarget.value)}
      >
        <option value="">{word("choose")}</option>
        {choices.value?.cause_codes.map((one) => <option key={one} value={one}>{word(`cause.${one}`)}</option>)}
      </select>{" "}
      <button type="button" aria-label={`${word("work_done")} ${docket.number}`} onClick={claim}>
        {word("work_done")}
      </button>
    </>
  );
}
