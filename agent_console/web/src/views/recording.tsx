import { addressOf, place } from "../address";
import { useAsked } from "../asked";
import type { OneRecording } from "../shapes";
import { me } from "../state";
import { minutes, moment, word, wordOr } from "../words";
import { Listen } from "./player";
import { Reading } from "./reading";
import { GiveScore, ScoreCard } from "./score_card";

/** One recording: heard, marked, scored. */
export function RecordingPage() {
  const call = place.value.filters.call ?? "";
  const { found, failed, again } = useAsked<OneRecording>(call ? `/api/recordings/${encodeURIComponent(call)}` : null);
  if (!found) return <div class="card"><Reading failed={failed} again={again} /></div>;
  const scores = found.call.agent !== null && (me.value?.deeds.includes("score") ?? false);
  const mine = found.call.scores.some((one) => one.scorer === me.value?.name);
  return (
    <>
      <p><a href={addressOf("recordings")}>{word("view.recordings")}</a></p>
      <Facts found={found} />
      <section class="card" aria-labelledby="hear-title">
        <h2 id="hear-title">{word("hear")}</h2>
        {found.parts.length === 0 && <p>{word("recordings.gone")}</p>}
        {found.missing_s > 1 && <p class="soft">{word("recordings.missing", { s: Math.round(found.missing_s) })}</p>}
        {found.parts.map((part) => (
          <Listen key={part} call_ref={found.call.call_ref} part={part} marks={part === "call" ? found.marks : []} />
        ))}
      </section>
      <div class="columns">
        {scores && !mine && <GiveScore call_ref={found.call.call_ref} given={again} />}
        {found.call.scores.map((one) => <ScoreCard key={one.scorer} score={one} changed={again} />)}
        <Listened rows={found.listened} />
      </div>
    </>
  );
}

function Facts({ found }: { found: OneRecording }) {
  const { call } = found;
  const facts: [string, string | null][] = [
    ["kind", wordOr(`kind.${call.kind}`, call.kind)],
    ["agent", call.agent],
    ["phone", call.phone],
    ["outcome", call.outcome && wordOr(`outcome.${call.outcome}`, call.outcome)],
    ["ended_by", call.ended_by && word(`ended_by.${call.ended_by}`)],
    ["disposition", call.disposition && wordOr(`disposition.${call.disposition}`, call.disposition)],
    ["length", found.seconds === null ? null : minutes(found.seconds)],
  ];
  return (
    <section class="card" aria-labelledby="recording-title">
      <h1 id="recording-title">{word("recording")} <bdi>{moment(call.offered_at)}</bdi></h1>
      <dl>
        {facts.map(([name, value]) => value && (
          <>
            <dt key={name}>{word(`column.${name}`)}</dt>
            <dd><bdi>{value}</bdi></dd>
          </>
        ))}
        {call.docket && (
          <>
            <dt>{word("column.docket")}</dt>
            <dd><a href={addressOf("docket", { number: call.docket })}><bdi>{call.docket}</bdi></a></dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Listened({ rows }: { rows: OneRecording["listened"] }) {
  if (!rows.length) return null;
  return (
    <section class="card" aria-labelledby="listened-title">
      <h2 id="listened-title">{word("listened")}</h2>
      <ol class="plain">
        {rows.map((row, n) => (
          <li key={n} class="happened">
            <time dateTime={row.at}>{moment(row.at)}</time> <bdi>{row.actor}</bdi> <span dir="auto">{row.why}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
