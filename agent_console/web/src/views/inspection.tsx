import { addressOf, go, place } from "../address";
import { ask, attempt } from "../ask";
import { asking, useAsked } from "../asked";
import { useKept } from "../kept";
import type { Drawn, Inspection } from "../shapes";
import { moment, word } from "../words";
import { areaName, categoryName } from "./names";
import { NoteField } from "./note_field";
import { Listen } from "./player";

const FINDINGS = ["true", "doubtful", "false"] as const;

/** Inspector mode: ten dockets closed on a day, drawn by lot; the page itself, printed, is the report. */
export function InspectionPage() {
  const day = place.value.filters.day ?? "";
  const { found, again } = useAsked<Inspection>(asking("/api/inspection", { day }));
  return (
    <section class="card report" aria-labelledby="inspection-title">
      <h1 id="inspection-title">{word("view.inspection")} {found && <bdi>{found.day}</bdi>}</h1>
      <div class="bar not-printed">
        <label class="inline">
          <span>{word("inspection.day")}</span>
          <input type="date" value={found?.day ?? day} onChange={(event) => go("inspection", { day: event.currentTarget.value })} />
        </label>
        <button type="button" onClick={() => print()}>{word("print")}</button>
      </div>
      {found && <p>{word("inspection.drawn", { n: found.dockets.length })} <bdi>{found.inspector}</bdi></p>}
      {found && !found.dockets.length && <p role="status">{word("inspection.none")}</p>}
      <ol>{found?.dockets.map((one) => <Row key={one.docket.number} drawn={one} day={found.day} found={again} />)}</ol>
    </section>
  );
}

function Row({ drawn, day, found }: { drawn: Drawn; day: string; found: () => void }) {
  const { docket } = drawn;
  return (
    <li class="drawn">
      <h2>
        <a href={addressOf("docket", { number: docket.number })}><bdi>{docket.number}</bdi></a> · {categoryName(docket.category)}
      </h2>
      <p>
        {docket.unit && areaName(docket.unit)} · <bdi>{docket.owner}</bdi>
        {docket.claimed_at && ` · ${word("inspection.claimed", { who: docket.claimed_by ?? "", time: moment(docket.claimed_at) })}`}
        {docket.closed_at && ` · ${word("ended", { time: moment(docket.closed_at) })}`}
      </p>
      <div class="not-printed">
        {drawn.calls.map((one) => <Listen key={one.call_ref} call_ref={one.call_ref} part="call" reason={word("why.inspection")} name={word("listen.answer", { time: moment(one.offered_at) })} />)}
        {!drawn.calls.length && <p>{word("recordings.gone")}</p>}
      </div>
      {drawn.finding ? (
        <p><strong>{word(`finding.${drawn.finding}`)}</strong> <span dir="auto">{drawn.words}</span></p>
      ) : (
        <Find day={day} docket={docket.number} found={found} />
      )}
    </li>
  );
}

function Find({ day, docket, found }: { day: string; docket: string; found: () => void }) {
  const [finding, setFinding] = useKept(`finding.${docket}`, "");
  const [words, setWords] = useKept(`finding.words.${docket}`, "");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(await attempt(() => ask("POST", "/api/inspection/finding", { day, docket, finding, words })))) return;
    setFinding("");
    setWords("");
    found();
  };
  return (
    <form class="not-printed" onSubmit={submit}>
      <label>
        <span>{word("finding_of", { number: docket })}</span>
        <select required value={finding} onChange={(event) => setFinding(event.currentTarget.value)}>
          <option value="">{word("choose")}</option>
          {FINDINGS.map((one) => <option key={one} value={one}>{word(`finding.${one}`)}</option>)}
        </select>
      </label>
      <NoteField name={word("finding.words")} rows={2} value={words} typed={setWords} required={finding !== "" && finding !== "true"} />
      <button class="main">{word("save")}</button>
    </form>
  );
}
