import { addressOf, go, place } from "../address";
import { asking, useAsked } from "../asked";
import type { Docket } from "../shapes";
import { choices, now } from "../state";
import { moment, span, word } from "../words";
import { areaName, categoryName } from "./names";
import { Reading } from "./reading";

const STATES = ["open", "resolution_claimed", "unreachable_review", "reopened", "closed_satisfied", "all"];
const FILTERS = ["state", "owner", "unit", "after"];

/** Dockets by the time that is left; the filters stand in the address. */
export function Dockets() {
  const { filters } = place.value;
  const asked = Object.fromEntries(FILTERS.map((name) => [name, filters[name] ?? ""]));
  const { found, failed, again } = useAsked<{ dockets: Docket[]; next: string | null }>(asking("/api/dockets", asked));
  return (
    <section class="card" aria-labelledby="dockets-title">
      <h1 id="dockets-title">{word("view.dockets")}</h1>
      <Filters filters={filters} />
      <Find />
      {found === null && <Reading failed={failed} again={again} />}
      {found && !found.dockets.length && <p role="status">{word("no_dockets_found")}</p>}
      {found && found.dockets.length > 0 && <DocketTable dockets={found.dockets} />}
      {found?.next && <a href={addressOf("dockets", { ...filters, after: found.next })}>{word("more")}</a>}
    </section>
  );
}

function Filters({ filters }: { filters: Record<string, string> }) {
  const change = (changed: Record<string, string>) => go("dockets", { ...filters, after: "", ...changed });
  return (
    <div class="bar filters">
      <label>
        <span>{word("status")}</span>
        <select value={filters.state ?? "open"} onChange={(event) => change({ state: event.currentTarget.value })}>
          {STATES.map((one) => <option key={one} value={one}>{word(one === "open" || one === "all" ? `filter.${one}` : `docket.${one}`)}</option>)}
        </select>
      </label>
      <label>
        <span>{word("owner")}</span>
        <input key={filters.owner} maxLength={32} defaultValue={filters.owner ?? ""} onChange={(event) => change({ owner: event.currentTarget.value.trim() })} />
      </label>
      <label>
        <span>{word("place")}</span>
        <select value={filters.unit ?? ""} onChange={(event) => change({ unit: event.currentTarget.value })}>
          <option value="">{word("filter.everywhere")}</option>
          {choices.value?.units.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select>
      </label>
    </div>
  );
}

function Find() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const number = new FormData(event.currentTarget as HTMLFormElement).get("number");
    if (typeof number === "string") go("docket", { number: number.replaceAll(/\D/g, "") });
  };
  return (
    <form class="bar" onSubmit={submit}>
      <label class="inline">
        <span>{word("docket_number")}</span>
        <input name="number" required inputMode="numeric" pattern="[0-9 ]{8,12}" title={word("docket_number.form")} />
      </label>
      <button>{word("open")}</button>
    </form>
  );
}

export function DocketTable({ dockets }: { dockets: Docket[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={word("view.dockets")}>
      <table>
        <thead>
          <tr>
            {["number", "category", "status", "time_left", "place", "owner"].map((name) => <th key={name} scope="col">{word(name)}</th>)}
          </tr>
        </thead>
        <tbody>
          {dockets.map((one) => (
            <tr key={one.number}>
              <td><a href={addressOf("docket", { number: one.number })}><bdi>{one.number}</bdi></a></td>
              <td>{categoryName(one.category)}</td>
              <td>{word(`docket.${one.state}`)}</td>
              <td><TimeLeft docket={one} /></td>
              <td>{one.unit && areaName(one.unit)}</td>
              <td><bdi>{one.owner}</bdi></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Of a docket that has ended, when; of an open one, what is left of the promise. */
export function TimeLeft({ docket }: { docket: Docket }) {
  if (docket.closed_at) return <>{word("ended", { time: moment(docket.closed_at) })}</>;
  const left = new Date(docket.due_at).getTime() / 1000 - now.value;
  return (
    <span class={left < 0 ? "late" : undefined} title={moment(docket.due_at)}>
      {word(left < 0 ? "late_by" : "left", { time: span(Math.abs(left)) })}
    </span>
  );
}
