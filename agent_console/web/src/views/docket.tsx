import { addressOf, place } from "../address";
import { asking, useAsked } from "../asked";
import type { Attempt, Docket, RecordedCall, TimelineRow } from "../shapes";
import { me } from "../state";
import { daysAgo, minutes, moment, word, wordOr } from "../words";
import { TimeLeft } from "./dockets";
import { areaName, categoryName } from "./names";
import { Listen } from "./player";

/** One docket: what was claimed, what the consumer said, and everything that happened, side by side. */
export function DocketPage() {
  const number = place.value.filters.number ?? "";
  const path = /^[0-9]{8}$/.test(number) ? `/api/dockets/${number}` : null;
  const docket = useAsked<Docket>(path).found;
  const timeline = useAsked<{ rows: TimelineRow[] }>(path && `${path}/timeline`).found;
  const register = useAsked<{ rows: Attempt[] }>(path && `${path}/register`).found;
  const searches = me.value?.deeds.includes("search_recordings") ?? false;
  const since = daysAgo(90);
  const calls = useAsked<{ calls: RecordedCall[] }>(path && searches ? asking("/api/recordings", { docket: number, since }) : null).found;
  if (!path) return <p class="card">{word("docket_number.form")}</p>;
  return (
    <>
      <p><a href={addressOf("dockets")}>{word("view.dockets")}</a></p>
      {docket && <Facts docket={docket} />}
      <div class="columns">
        {timeline && <Claims rows={timeline.rows} />}
        {register && <Answers rows={register.rows} />}
        {timeline && <Timeline rows={timeline.rows} />}
      </div>
      {calls && <Calls calls={calls.calls} />}
    </>
  );
}

function Facts({ docket }: { docket: Docket }) {
  const facts: [string, string | number | null][] = [
    ["category", categoryName(docket.category)],
    ["status", word(`docket.${docket.state}`)],
    ["place", docket.unit && areaName(docket.unit)],
    ["owner", docket.owner],
    ["level", docket.level],
    ["number_of_caller", docket.phone],
    ["registered_at", moment(docket.registered_at)],
    ["due_by", moment(docket.due_at)],
    ["reopened_times", docket.reopened || null],
    ["pressed_times", docket.repeats || null],
  ];
  return (
    <section class="card" aria-labelledby="docket-title">
      <h1 id="docket-title">{word("docket")} <bdi>{docket.number}</bdi></h1>
      <p><TimeLeft docket={docket} /></p>
      <dl>
        {facts.map(([name, value]) => value !== null && value !== "" && (
          <>
            <dt key={name}>{word(`fact.${name}`)}</dt>
            <dd><bdi>{value}</bdi></dd>
          </>
        ))}
      </dl>
    </section>
  );
}

/** What was said to be done, by whom. */
function Claims({ rows }: { rows: TimelineRow[] }) {
  const claims = rows.filter((row) => row.deed === "claim");
  return (
    <section class="card" aria-labelledby="claims-title">
      <h2 id="claims-title">{word("claims")}</h2>
      {claims.length === 0 && <p>{word("claims.none")}</p>}
      <ol class="plain">{claims.map((row) => <Happened key={row.at} row={row} />)}</ol>
    </section>
  );
}

/** The register of satisfaction: every attempt to hear the consumer, with what he said. */
function Answers({ rows }: { rows: Attempt[] }) {
  return (
    <section class="card" aria-labelledby="answers-title">
      <h2 id="answers-title">{word("answers")}</h2>
      {rows.length === 0 && <p>{word("answers.none")}</p>}
      <ol class="plain">
        {rows.map((row) => (
          <li key={row.n} class="happened">
            <time dateTime={row.at}>{moment(row.at)}</time>
            <strong class={`verdict ${row.verdict}`}>{verdictMark(row.verdict)} {word(`verdict.${row.verdict}`)}</strong>
            <span>
              {word("answers.attempt", { claim: row.claim, attempt: row.attempt })} · <bdi>{row.dialled ?? "–"}</bdi> · {minutes(row.duration_s)}
              {row.erased && ` · ${word("answers.erased")}`}
            </span>
            {row.recording && <Listen call_ref={row.recording} part="call" />}
            {row.recording && row.reason_recording && <Listen call_ref={row.recording} part="reason" />}
          </li>
        ))}
      </ol>
    </section>
  );
}

const verdictMark = (verdict: string): string => ({ satisfied: "✓", not_satisfied: "✗" })[verdict] ?? "–";

function Timeline({ rows }: { rows: TimelineRow[] }) {
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{word("timeline")}</h2>
      <ol class="plain">{rows.map((row, n) => <Happened key={n} row={row} />)}</ol>
    </section>
  );
}

function Happened({ row }: { row: TimelineRow }) {
  return (
    <li class="happened">
      <time dateTime={row.at}>{moment(row.at)}</time>
      <strong>{wordOr(`deed.${row.deed}`, row.deed)}</strong>
      <span>
        <bdi>{row.actor}</bdi>
        {row.before !== row.after && ` · ${word(`docket.${row.after}`)}`}
      </span>
      {row.note && <p dir="auto">{row.note}</p>}
    </li>
  );
}

/** Every recorded call in which this docket was spoken of. */
function Calls({ calls }: { calls: RecordedCall[] }) {
  return (
    <section class="card" aria-labelledby="calls-title">
      <h2 id="calls-title">{word("calls_about_it")}</h2>
      <p class="soft">{word("calls_about_it.since")}</p>
      {calls.length === 0 && <p>{word("recordings.none")}</p>}
      <ul class="plain">
        {calls.map((one) => (
          <li key={one.call_ref}>
            <a href={addressOf("recording", { call: one.call_ref })}>{moment(one.offered_at)}</a> · {wordOr(`kind.${one.kind}`, one.kind)}
            {one.agent && <> · <bdi>{one.agent}</bdi></>} · {one.outcome && wordOr(`outcome.${one.outcome}`, one.outcome)}
          </li>
        ))}
      </ul>
    </section>
  );
}
