import { addressOf, go, place } from "../address";
import { asking, useAsked } from "../asked";
import { useKept } from "../kept";
import type { RecordedCall, Score } from "../shapes";
import { me } from "../state";
import { daysAgo, minutes, moment, word, wordOr } from "../words";
import { Reading } from "./reading";

const OUTCOMES = ["talked", "docket_registered", "callback_promised", "message_left", "self_served", "caller_left", "cut", "short_abandon"];
const FILTERS = ["since", "until", "docket", "agent", "outcome", "scored", "score_below", "after"];

/** Recorded calls, latest first; the search stands in the address, but for a telephone number, which is nobody else's. */
export function Recordings() {
  const { filters } = place.value;
  const [phone, seekPhone] = useKept("recordings.phone", "");
  const asked = { ...Object.fromEntries(FILTERS.map((name) => [name, filters[name] ?? ""])), phone };
  const { found, failed, again } = useAsked<{ calls: RecordedCall[]; next: string | null }>(asking("/api/recordings", asked));
  return (
    <>
      <section class="card" aria-labelledby="recordings-title">
        <h1 id="recordings-title">{word("view.recordings")}</h1>
        <Search key={JSON.stringify(asked)} filters={asked} seekPhone={seekPhone} />
        {found === null && <Reading failed={failed} again={again} />}
        {found && !found.calls.length && <p role="status">{word("recordings.none")}</p>}
        {found && found.calls.length > 0 && <Table calls={found.calls} />}
        {found?.next && <a href={addressOf("recordings", { ...filters, after: found.next })}>{word("more")}</a>}
      </section>
      <Agreement />
      {me.value?.deeds.includes("answer_contest") && <Contested />}
    </>
  );
}

function Search({ filters, seekPhone }: { filters: Record<string, string>; seekPhone: (phone: string) => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    const { phone = "", ...rest } = Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, value.trim()]));
    seekPhone(phone);
    go("recordings", rest);
  };
  const field = (name: string, rest: Record<string, unknown> = {}) => (
    <label>
      <span>{word(`search.${name}`)}</span>
      <input name={name} defaultValue={filters[name] ?? ""} maxLength={32} {...rest} />
    </label>
  );
  return (
    <form class="bar filters" onSubmit={submit}>
      {field("since", { type: "date" })}
      {field("until", { type: "date" })}
      {field("docket", { inputMode: "numeric", pattern: "[0-9]{8}", title: word("docket_number.form") })}
      {field("agent")}
      {field("phone", { inputMode: "tel", dir: "ltr" })}
      <label>
        <span>{word("search.outcome")}</span>
        <select name="outcome">
          <option value="">{word("filter.all")}</option>
          {OUTCOMES.map((one) => <option key={one} value={one} selected={one === filters.outcome}>{word(`outcome.${one}`)}</option>)}
        </select>
      </label>
      <label>
        <span>{word("search.scored")}</span>
        <select name="scored">
          <option value="">{word("filter.all")}</option>
          {["no", "yes", "contested"].map((one) => <option key={one} value={one} selected={one === filters.scored}>{word(`scored.${one}`)}</option>)}
        </select>
      </label>
      {field("score_below", { type: "number", min: 0, max: 100 })}
      <button class="main">{word("search")}</button>
    </form>
  );
}

function Table({ calls }: { calls: RecordedCall[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="recordings-title">
      <table>
        <thead>
          <tr>
            {["when", "kind", "agent", "docket", "phone", "outcome", "length", "score"].map((name) => (
              <th key={name} scope="col">{word(`column.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>{calls.map((one) => <Row key={one.call_ref} call={one} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ call }: { call: RecordedCall }) {
  const seconds = call.ended_at ? (new Date(call.ended_at).getTime() - new Date(call.offered_at).getTime()) / 1000 : null;
  return (
    <tr>
      <td><a href={addressOf("recording", { call: call.call_ref })}>{moment(call.offered_at)}</a></td>
      <td>{wordOr(`kind.${call.kind}`, call.kind)}</td>
      <td><bdi>{call.agent}</bdi></td>
      <td>{call.docket && <a href={addressOf("docket", { number: call.docket })}><bdi>{call.docket}</bdi></a>}</td>
      <td><bdi>{call.phone}</bdi></td>
      <td>{call.outcome && wordOr(`outcome.${call.outcome}`, call.outcome)}</td>
      <td>{call.recorded ? seconds !== null && <bdi>{minutes(seconds)}</bdi> : word("not_recorded")}</td>
      <td>
        <bdi>{call.scores.map((one) => one.score ?? "–").join(" / ")}</bdi>
        {call.second && ` ⚠ ${word("second_wanted")}`}
      </td>
    </tr>
  );
}

/** How far the two scorers of the same calls agree, over the last four weeks. */
function Agreement() {
  const { found } = useAsked<{ scored: number; calls: number; points: number; agreed: number; kappa: number | null }>(
    asking("/api/scores/agreement", { since: daysAgo(28), until: daysAgo(0) }),
  );
  if (!found) return null;
  return (
    <section class="card" aria-labelledby="agreement-title">
      <h2 id="agreement-title">{word("agreement")}</h2>
      <p>{word("agreement.scored", { scored: found.scored, calls: found.calls })}</p>
      {found.points > 0 && (
        <p>
          {word("agreement.share", { share: Math.round((100 * found.agreed) / found.points), agreed: found.agreed, points: found.points })}
          {found.kappa !== null && <> · <bdi>Cohen’s κ {found.kappa}</bdi></>}
        </p>
      )}
    </section>
  );
}

/** Scores that agents contest, with the way to the recording; answered there. */
function Contested() {
  const { found } = useAsked<{ scores: Score[] }>("/api/scores/contested");
  if (!found) return null;
  return (
    <section class="card" aria-labelledby="contested-title">
      <h2 id="contested-title">{word("contested")}</h2>
      {!found.scores.length && <p>{word("contested.none")}</p>}
      <ul class="plain">
        {found.scores.map((one) => (
          <li key={`${one.call_ref}${one.scorer}`}>
            <a href={addressOf("recording", { call: one.call_ref })}><bdi>{one.agent}</bdi> · {moment(one.at)}</a>
            <p dir="auto">{one.contested}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
