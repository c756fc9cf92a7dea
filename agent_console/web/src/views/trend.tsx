import { useEffect, useRef } from "preact/hooks";
import { useAsked } from "../asked";
import { drawChart } from "../chart";
import { colourAt } from "../colour";
import type { Slot, Trend } from "../shapes";
import { moment, word } from "../words";

const AGAIN_MS = 60_000;
const KINDS = [
  { name: "offered", colour: "--main" },
  { name: "talked", colour: "--good" },
  { name: "lost", colour: "--alarm" },
] as const;
type Kind = (typeof KINDS)[number]["name"];

/** Small pictures side by side: the day so far, and the same weekday a week before as a dashed line. */
export function DayTrend() {
  const { found, again } = useAsked<Trend>("/api/trend");
  useEffect(() => {
    const timer = setInterval(again, AGAIN_MS);
    return () => clearInterval(timer);
  }, [again]);
  if (!found) return null;
  return (
    <section class="card" aria-labelledby="trend-title">
      <h2 id="trend-title">{word("trend")}</h2>
      <div class="columns">
        {KINDS.map(({ name, colour }) => <Small key={name} kind={name} colour={colour} trend={found} />)}
      </div>
      <AsTable trend={found} />
    </section>
  );
}

function Small({ kind, colour, trend }: { kind: Kind; colour: string; trend: Trend }) {
  const place = useRef<HTMLDivElement>(null);
  const sum = (slots: Slot[]) => slots.reduce((total, slot) => total + slot[kind], 0);
  useEffect(() => {
    if (!place.current) return;
    const hours = trend.before.map((_, n) => n / 4);
    const picture = { hours, today: hours.map((_, n) => trend.slots[n]?.[kind] ?? null), before: trend.before.map((slot) => slot[kind]) };
    return drawChart(place.current, picture, colourAt(place.current, colour), colourAt(place.current, "--soft"));
  }, [trend, kind, colour]);
  const said = word("trend.said", { name: word(`trend.${kind}`), today: sum(trend.slots), before: sum(trend.before) });
  return (
    <figure class="trend" dir="ltr">
      <figcaption dir="auto">{said}</figcaption>
      <div role="img" aria-label={said} ref={place} />
    </figure>
  );
}

/** The same for who reads tables: quarter hours in which somebody called. */
function AsTable({ trend }: { trend: Trend }) {
  return (
    <details>
      <summary>{word("trend.table")}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={word("trend.table")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{word("column.when")}</th>
              {KINDS.map(({ name }) => <th key={name} scope="col">{word(`trend.${name}`)}</th>)}
            </tr>
          </thead>
          <tbody>
            {trend.slots.filter((slot) => slot.offered > 0).map((slot) => (
              <tr key={slot.at}>
                <td>{moment(new Date(slot.at * 1000))}</td>
                {KINDS.map(({ name }) => <td key={name}>{slot[name]}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
